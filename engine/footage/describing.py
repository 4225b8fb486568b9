"""Captions by a vision-language model in a local folder, through transformers: nothing is downloaded or executed.

Any model that transformers knows as "image-text-to-text" with a chat template will do (Qwen-VL, SmolVLM, LLaVA, ...).
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from PIL import Image

from engine.backbone.devices import best_device, render_dtype
from engine.film.encode import Frame
from engine.footage.errors import CaptionerMissing
from engine.footage.finding import part_hash

PICTURES = 4  # of a shot
SIDE = 448  # pixels of the longer side
MOST_TOKENS = 120
SHOT_QUESTION = (
    "These are frames of one shot of a film, in order. Describe the shot in one or two sentences: who or what is seen, "
    "what happens, where, in which light, how it is framed. Begin directly with the description."
)
SCENE_QUESTION = (
    "These are frames of consecutive shots of one scene. In three short parts, exactly in this form, say who appears, "
    "where it is, and what happens: [Character] ... [Environment] ... [Story] ..."
)


class Describer(Protocol):
    """Pictures and a question in, a sentence out."""

    @property
    def key(self) -> str:
        """Names the model and its weights: an answer is kept under it."""
        ...

    def describe(self, pictures: Sequence[Frame], question: str) -> str:
        """One line of text about pictures (H, W, 3) uint8."""
        ...


class VisionLanguageModel:
    """A model folder that is loaded when it is first asked."""

    def __init__(self, folder: Path) -> None:
        """Raises CaptionerMissing for a folder that is none, or holds no config."""
        if not (folder / "config.json").is_file():
            raise CaptionerMissing(
                f"There is no vision-language model in {folder}.",
                "Give the folder of one with its config.json, weights and processor: --captions vlm:FOLDER.",
            )
        self.folder = folder
        self._loaded: tuple[Any, Any] | None = None
        self._key = ""

    @property
    def key(self) -> str:
        """Hash of its files (read once)."""
        self._key = self._key or part_hash(self.folder)
        return self._key

    @torch.no_grad()
    def describe(self, pictures: Sequence[Frame], question: str) -> str:
        """Greedy, so the same pictures give the same words. Raises CaptionerMissing when it cannot be loaded."""
        processor, model = self._load()
        images = [_small(picture) for picture in pictures]
        content: list[dict[str, Any]] = [{"type": "image"} for _ in images] + [{"type": "text", "text": question}]
        prompt = processor.apply_chat_template([{"role": "user", "content": content}], add_generation_prompt=True)
        inputs = processor(text=[prompt], images=[images], return_tensors="pt").to(model.device, dtype=model.dtype)
        told = model.generate(**inputs, max_new_tokens=MOST_TOKENS, do_sample=False)
        answer = processor.batch_decode(told[:, inputs["input_ids"].shape[1] :], skip_special_tokens=True)[0]
        return " ".join(str(answer).split())

    def _load(self) -> tuple[Any, Any]:
        if self._loaded is None:
            transformers: Any = importlib.import_module("transformers")  # slow to import, and half typed
            local: dict[str, Any] = {"local_files_only": True, "trust_remote_code": False}
            try:
                processor = transformers.AutoProcessor.from_pretrained(self.folder, **local)
                model = transformers.AutoModelForImageTextToText.from_pretrained(
                    self.folder, dtype=render_dtype(), use_safetensors=True, **local
                )
            except (OSError, ValueError, ImportError, KeyError) as error:
                raise CaptionerMissing(
                    f"{self.folder} cannot be used to caption ({str(error).splitlines()[0]}).",
                    "It must be an image-text-to-text model in transformers' format with safetensors and a processor.",
                ) from error
            if getattr(processor, "chat_template", None) is None:
                raise CaptionerMissing(
                    f"{self.folder} has no chat template.", "Take the instruction-tuned variant of the model."
                )
            self._loaded = processor, model.to(best_device()).eval()
        return self._loaded


def _small(picture: Frame) -> Image.Image:
    image = Image.fromarray(np.ascontiguousarray(picture))
    image.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
    return image
