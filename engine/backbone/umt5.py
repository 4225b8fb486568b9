"""Wan's text encoder: UMT5 with its tokenizer, cleaned, cut and padded exactly as diffusers' Wan pipelines do."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import ftfy
import torch
from torch import Tensor
from transformers import AutoTokenizer, UMT5EncoderModel


class UMT5Text:
    """Token states of UMT5; rows after a text's last token are 0, as the transformer was trained."""

    def __init__(self, model: UMT5EncoderModel, tokenizer: Any) -> None:
        self.model = model.requires_grad_(False).train(False)
        self.tokenizer = tokenizer

    @classmethod
    def load(cls, encoder: Path, tokenizer: Path, dtype: torch.dtype = torch.float32) -> UMT5Text:
        """Read the parts' folders. Raises OSError or ValueError as transformers does; executes nothing in them."""
        words = AutoTokenizer.from_pretrained(tokenizer, local_files_only=True, trust_remote_code=False)
        model = UMT5EncoderModel.from_pretrained(
            encoder, dtype=dtype, local_files_only=True, use_safetensors=True, trust_remote_code=False
        )
        return cls(model, words)

    @property
    def dim(self) -> int:
        """Numbers a token."""
        return int(self.model.config.d_model)

    def to(self, device: torch.device) -> UMT5Text:
        """Move the encoder; the tokenizer stays."""
        self.model.to(device)
        return self

    def count_tokens(self, text: str) -> int:
        """Tokens of the whole text, its end mark included."""
        return len(self.tokenizer(clean(text)).input_ids)

    @torch.no_grad()
    def encode(self, texts: Sequence[str], max_tokens: int = 512) -> Tensor:
        """(B, max_tokens, dim) in the encoder's dtype; a longer text loses its end."""
        device = self.model.device
        if not texts:
            return torch.zeros(0, max_tokens, self.dim, device=device)
        found = self.tokenizer(
            [clean(text) for text in texts],
            padding="max_length",
            max_length=max_tokens,
            truncation=True,
            add_special_tokens=True,
            return_attention_mask=True,
            return_tensors="pt",
        )
        mask = found.attention_mask.to(device)  # (B, L)
        states = self.model(found.input_ids.to(device), mask).last_hidden_state  # (B, L, dim)
        return torch.where(mask[..., None].bool(), states, states.new_zeros(()))


def clean(text: str) -> str:
    """A prompt as Wan's pipelines hand it to the tokenizer: mended, unescaped twice, single spaces."""
    mended = html.unescape(html.unescape(ftfy.fix_text(text))).strip()
    return re.sub(r"\s+", " ", mended).strip()
