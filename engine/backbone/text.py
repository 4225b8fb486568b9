"""Prompts to text states: the built-in model's compact MiniLM, and a cache of what was encoded before.

The encoder is the first layers of all-MiniLM-L6-v2 (Apache-2.0) with a pruned vocabulary, stored as int8 rows with
fp16 scales (`scripts/export_text_encoder.py`) and computed in fp32.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol, cast

import torch
from safetensors.torch import load_file
from tokenizers import Tokenizer
from torch import Tensor, nn
from transformers import BertConfig, BertModel


class TextEncoderBroken(ValueError):
    """A text encoder folder that cannot be used; names the file."""


class TextConditioner(Protocol):
    """What a backbone needs of a text encoder."""

    def encode(self, texts: Sequence[str], max_tokens: int = 64) -> Tensor:
        """(B, max_tokens, dim) fp32, zeros after the real tokens."""
        ...

    def count_tokens(self, text: str) -> int:
        """Tokens of a text, special ones included, before any truncation."""
        ...


class TextEncoder(nn.Module):
    """Text states of about unit variance. One text, one result, whatever else is in the batch."""

    def __init__(self, model: BertModel, tokenizer: Tokenizer, scale: float) -> None:
        super().__init__()
        self.model = model.eval().requires_grad_(False)
        self.tokenizer = tokenizer
        self.scale = scale

    @classmethod
    def load(cls, folder: Path) -> TextEncoder:
        """From a model folder with `text_encoder/` and `tokenizer/`. Raises TextEncoderBroken."""
        where = "text_encoder/config.json"
        try:
            config: dict[str, Any] = json.loads((folder / where).read_text(encoding="utf-8"))
            scale = float(config.pop("state_scale"))
            model = BertModel(BertConfig(**config, attn_implementation="sdpa"), add_pooling_layer=False)
            where = "text_encoder/model.safetensors"
            model.load_state_dict(_dequantised(load_file(folder / where)), strict=False)
            _check_complete(model, load_file(folder / where))
            where = "tokenizer/tokenizer.json"
            tokenizer = Tokenizer.from_file(str(folder / where))
        except Exception as error:  # noqa: BLE001 - tokenizers raises bare Exception
            raise TextEncoderBroken(f"{where} cannot be used ({error}): copy the model folder again") from error
        return cls(model, tokenizer, scale)

    def count_tokens(self, text: str) -> int:
        """Tokens of a text, special ones included, before any truncation."""
        return len(self.tokenizer.encode(text).ids)

    @torch.no_grad()
    def encode(self, texts: Sequence[str], max_tokens: int = 64) -> Tensor:
        """(B, max_tokens, dim) fp32: last hidden states, zeros after the real tokens; longer texts are cut short.

        Texts of one length are computed together and never padded, so a text's states do not depend on its batch.
        """
        ids = [self._ids(text, max_tokens) for text in texts]
        out = torch.zeros(len(texts), max_tokens, int(self.model.config.hidden_size))
        for length in sorted({len(row) for row in ids}):
            rows = [n for n, row in enumerate(ids) if len(row) == length]
            states = self.model(input_ids=torch.tensor([ids[n] for n in rows])).last_hidden_state
            out[rows, :length] = states * self.scale
        return out

    def _ids(self, text: str, max_tokens: int) -> list[int]:
        ids = cast("list[int]", self.tokenizer.encode(text).ids)
        return ids if len(ids) <= max_tokens else [*ids[: max_tokens - 1], ids[-1]]


def _dequantised(stored: dict[str, Tensor]) -> dict[str, Tensor]:
    state = {}
    for name, value in stored.items():
        if name.endswith(".scale"):
            continue
        scale = stored.get(f"{name}.scale")
        state[name] = value.float() if scale is None else value.float() * scale.float()
    return state


def _check_complete(model: BertModel, stored: dict[str, Tensor]) -> None:
    missing = [n for n, _ in model.named_parameters() if n not in stored]
    if missing:
        raise ValueError(f"{len(missing)} tensors are missing, the first is {missing[0]}")


class CachedTextEncoder:
    """Remembers the last `capacity` texts: prompts are asked for again at every step, take and context."""

    def __init__(self, encoder: TextConditioner, capacity: int = 512) -> None:
        self._encoder, self._capacity = encoder, capacity
        self._known: OrderedDict[tuple[str, int], Tensor] = OrderedDict()

    def encode(self, texts: Sequence[str], max_tokens: int = 64) -> Tensor:
        """As TextConditioner.encode."""
        return torch.stack([self._one(text, max_tokens) for text in texts])

    def count_tokens(self, text: str) -> int:
        """As TextConditioner.count_tokens."""
        return self._encoder.count_tokens(text)

    def _one(self, text: str, max_tokens: int) -> Tensor:
        key = (text, max_tokens)
        if key not in self._known:
            self._known[key] = self._encoder.encode([text], max_tokens)[0]
            while len(self._known) > self._capacity:
                self._known.popitem(last=False)
        self._known.move_to_end(key)
        return self._known[key]
