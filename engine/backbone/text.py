"""What is written, as vectors: a compact all-MiniLM-L6-v2 whose token states the transformer reads.

A model folder carries `text_encoder/` (config.json, model.safetensors) and `tokenizer/` (tokenizer.json). Matrices are
stored in groups of few-bit numbers (`scripts/export_text_encoder.py` packs them) and become fp32 on load. Another
backbone may bring another encoder: `TextConditioner` is all that the engine asks of one.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, cast

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from tokenizers import Tokenizer
from torch import Tensor, nn
from transformers import BertConfig, BertModel

FORMAT = 1  # of the packed weights; goes up when an old reader would misread a new file
PACKED, SCALE = ".packed", ".scale"
_COPY_AGAIN = "copy the whole model folder again, or take assets/models/paper-theatre from the repository"


class TextEncoderMissing(FileNotFoundError):
    """A model folder without its text encoder or tokenizer; names the file."""


class TextEncoderBroken(ValueError):
    """Files of the text encoder that cannot be used; names the file and what is wrong with it."""


class TextConditioner(Protocol):
    """Text in, token states out: the part of a backbone that a prompt passes first."""

    def encode(self, texts: Sequence[str], max_tokens: int = 64) -> Tensor:
        """(B, max_tokens, dim) fp32; rows after a text's last token are 0."""
        ...

    def count_tokens(self, text: str) -> int:
        """Tokens of the whole text; more than `max_tokens` means that `encode` leaves the end out."""
        ...


class TextEncoder(nn.Module):
    """Last hidden states of a BERT, scaled to a standard deviation of about 1."""

    def __init__(self, bert: BertModel, tokenizer: Tokenizer, state_scale: float) -> None:
        """`state_scale` multiplies the hidden states."""
        super().__init__()
        self.bert = bert.requires_grad_(False).train(False)
        self.tokenizer = tokenizer
        self.state_scale = state_scale

    @classmethod
    def load(cls, folder: Path) -> TextEncoder:
        """Read `folder`/text_encoder and `folder`/tokenizer. Raises TextEncoderMissing or TextEncoderBroken."""
        config = _read_config(folder / "text_encoder" / "config.json")
        tokenizer = _read_tokenizer(folder / "tokenizer" / "tokenizer.json")
        weights = _read_weights(folder / "text_encoder" / "model.safetensors")
        own = config.pop("matchcut")
        try:
            bert = BertModel(BertConfig(**config), add_pooling_layer=False)
            bert.load_state_dict(weights)
        except (RuntimeError, TypeError, ValueError) as error:
            raise TextEncoderBroken(f"text_encoder: weights and config.json differ ({error}): {_COPY_AGAIN}") from error
        if tokenizer.get_vocab_size() != bert.config.vocab_size:
            raise TextEncoderBroken(
                f"tokenizer.json has {tokenizer.get_vocab_size()} pieces, the text encoder "
                f"{bert.config.vocab_size}: {_COPY_AGAIN}"
            )
        return cls(bert, tokenizer, float(own["state_scale"]))

    @property
    def dim(self) -> int:
        """Numbers a token."""
        return int(self.bert.config.hidden_size)

    def count_tokens(self, text: str) -> int:
        """Tokens of the whole text, the two special ones included."""
        return len(self.tokenizer.encode(text).ids)

    @torch.no_grad()
    def encode(self, texts: Sequence[str], max_tokens: int = 64) -> Tensor:
        """(B, max_tokens, dim) fp32 with zeros after the real tokens.

        The first token is [CLS], the last [SEP]; a longer text loses its end and keeps its [SEP]. A text gives the
        same states in any batch, to rounding (1e-5). Raises ValueError when the model cannot hold `max_tokens`.
        """
        most = int(self.bert.config.max_position_embeddings)
        if not 2 <= max_tokens <= most:
            raise ValueError(f"max_tokens must be 2 to {most} for this text encoder, not {max_tokens}")
        device = self.bert.embeddings.word_embeddings.weight.device
        out = torch.zeros(len(texts), max_tokens, self.dim, device=device)
        if not texts:
            return out
        rows = [_cut(encoding.ids, max_tokens) for encoding in self.tokenizer.encode_batch(list(texts))]
        longest = max(len(row) for row in rows)
        ids = torch.tensor([row + [0] * (longest - len(row)) for row in rows], device=device)  # (B, L)
        lengths = torch.tensor([len(row) for row in rows], device=device)
        mask = torch.arange(longest, device=device) < lengths[:, None]  # (B, L)
        states = self.bert(input_ids=ids, attention_mask=mask.long()).last_hidden_state  # (B, L, dim)
        out[:, :longest] = states * self.state_scale * mask[..., None]
        return out


class CachedTextEncoder:
    """An encoder that remembers the last texts it was asked for. Each text is encoded alone, so it always has the
    very same bits."""

    def __init__(self, encoder: TextConditioner, size: int = 256) -> None:
        """`size`: texts to remember."""
        self.encoder = encoder
        self.size = size
        self._states: OrderedDict[tuple[str, int], Tensor] = OrderedDict()

    def encode(self, texts: Sequence[str], max_tokens: int = 64) -> Tensor:
        """(B, max_tokens, dim) fp32, as the encoder inside gives it. The result is the caller's own copy."""
        if not texts:
            return self.encoder.encode([], max_tokens)
        return torch.stack([self._one(text, max_tokens) for text in texts])

    def count_tokens(self, text: str) -> int:
        """As the encoder inside."""
        return self.encoder.count_tokens(text)

    def _one(self, text: str, max_tokens: int) -> Tensor:
        key = (text, max_tokens)
        if key not in self._states:
            self._states[key] = self.encoder.encode([text], max_tokens)[0]
            while len(self._states) > self.size:
                self._states.popitem(last=False)
        self._states.move_to_end(key)
        return self._states[key]


def unpack(packed: Tensor, scale: Tensor) -> Tensor:
    """Few-bit numbers back to fp32.

    packed (R, C*bits/8) uint8: each row's C numbers as `bits` bits each, most significant first, offset by
    2**(bits-1). scale (R, G): one for each C/G neighbours. Group size is 64; bits follow from the shapes.
    """
    rows, columns = packed.shape[0], scale.shape[1] * 64
    bits = packed.shape[1] * 8 // columns
    if packed.dtype != torch.uint8 or bits * columns != packed.shape[1] * 8 or not 2 <= bits <= 8:
        raise ValueError(f"{tuple(packed.shape)} bytes do not hold rows of {columns} numbers")
    flags = np.unpackbits(packed.numpy(), axis=1).reshape(rows, columns, bits)
    padded = np.zeros((rows, columns, 8), dtype=np.uint8)
    padded[..., 8 - bits :] = flags
    numbers = np.packbits(padded, axis=-1)[..., 0].astype(np.float32) - 2 ** (bits - 1)
    return (torch.from_numpy(numbers).view(rows, -1, 64) * scale.float()[..., None]).reshape(rows, columns)


def unpack_all(stored: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The state dict, fp32, of a stored one."""
    plain = {}
    for name, tensor in stored.items():
        if name.endswith(PACKED):
            base = name.removesuffix(PACKED)
            plain[base] = unpack(tensor, stored[base + SCALE])
        elif not name.endswith(SCALE):
            plain[name] = tensor.float()
    return plain


def _cut(ids: list[int], most: int) -> list[int]:
    return ids if len(ids) <= most else [*ids[: most - 1], ids[-1]]


def _present(path: Path) -> Path:
    if not path.is_file():
        raise TextEncoderMissing(f"{path.parent.name}/{path.name} is not in the model folder: {_COPY_AGAIN}")
    return path


def _read_config(path: Path) -> dict[str, Any]:
    try:
        config = json.loads(_present(path).read_text(encoding="utf-8"))
        own = config["matchcut"]
        known = own["format"] == FORMAT and isinstance(own["state_scale"], (int, float))
    except (UnicodeDecodeError, json.JSONDecodeError, KeyError, TypeError) as error:
        raise TextEncoderBroken(f"text_encoder/config.json is damaged ({error!r}): {_COPY_AGAIN}") from error
    if not known:
        raise TextEncoderBroken(f"text_encoder/config.json has format {own['format']!r}: update Matchcut to read it")
    return cast("dict[str, Any]", config)


def _read_tokenizer(path: Path) -> Tokenizer:
    try:
        return Tokenizer.from_str(_present(path).read_text(encoding="utf-8"))
    except TextEncoderMissing:
        raise
    except Exception as error:  # tokenizers raises nothing narrower
        raise TextEncoderBroken(f"tokenizer/tokenizer.json is damaged ({error}): {_COPY_AGAIN}") from error


def _read_weights(path: Path) -> dict[str, Tensor]:
    try:
        return unpack_all(load_file(_present(path)))
    except (SafetensorError, KeyError, ValueError) as error:
        raise TextEncoderBroken(f"text_encoder/model.safetensors is damaged ({error}): {_COPY_AGAIN}") from error
