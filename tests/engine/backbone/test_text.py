"""The built-in text encoder: what it gives, that it gives the same again, and what it says of broken folders."""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from engine.backbone.text import (
    CachedTextEncoder,
    TextConditioner,
    TextEncoder,
    TextEncoderBroken,
    TextEncoderMissing,
    unpack,
)

MODEL = Path(__file__).resolve().parents[3] / "assets" / "models" / "paper-theatre"
FOX = "A fox in a red coat walks through the forest at sunset, wide shot."
FILES = ("text_encoder/config.json", "text_encoder/model.safetensors", "tokenizer/tokenizer.json")
LONG = "It waves at us, close-up. " * 12


@pytest.fixture(scope="module")
def encoder() -> TextEncoder:
    return TextEncoder.load(MODEL)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the encoder's part of the model folder, to be damaged."""
    for part in ("text_encoder", "tokenizer"):
        shutil.copytree(MODEL / part, tmp_path / part)
    return tmp_path


class CountingEncoder:
    """The real encoder, counting how often it is asked."""

    def __init__(self, inner: TextEncoder) -> None:
        self.inner, self.asked = inner, 0

    def encode(self, texts: Sequence[str], max_tokens: int = 64) -> Tensor:
        self.asked += len(texts)
        return self.inner.encode(texts, max_tokens)

    def count_tokens(self, text: str) -> int:
        return self.inner.count_tokens(text)


def sentence(encoder: TextConditioner, text: str) -> Tensor:
    """Mean of the real tokens, (dim,)."""
    return encoder.encode([text])[0, : encoder.count_tokens(text)].mean(0)


def test_states_have_the_asked_shape_and_zeros_after_the_last_token(encoder: TextEncoder) -> None:
    states = encoder.encode([FOX, ""], max_tokens=48)
    assert states.shape == (2, 48, 384) and states.dtype == torch.float32
    tokens = encoder.count_tokens(FOX)
    assert bool((states[0, :tokens].abs().sum(-1) > 0).all()) and not states[0, tokens:].any()
    assert encoder.count_tokens("") == 2 and not states[1, 2:].any()


def test_states_have_a_standard_deviation_of_about_one(encoder: TextEncoder) -> None:
    real = encoder.encode([FOX])[0, : encoder.count_tokens(FOX)]
    assert 0.85 < float(real.std()) < 1.2


def test_a_text_has_the_same_states_alone_and_in_a_batch_with_longer_ones(encoder: TextEncoder) -> None:
    together = encoder.encode([FOX, LONG, "It jumps."])
    for row, text in enumerate((FOX, LONG, "It jumps.")):
        torch.testing.assert_close(encoder.encode([text])[0], together[row], rtol=0, atol=1e-5)


def test_encoding_twice_gives_the_same_bits(encoder: TextEncoder) -> None:
    assert torch.equal(encoder.encode([FOX]), encoder.encode([FOX]))


def test_a_long_prompt_loses_its_end_keeps_its_last_token_and_its_true_count_is_told(encoder: TextEncoder) -> None:
    assert encoder.count_tokens(LONG) > 64
    states = encoder.encode([LONG], max_tokens=64)
    assert bool((states[0].abs().sum(-1) > 0).all())
    torch.testing.assert_close(states, encoder.encode([LONG + "And more."], max_tokens=64), rtol=0, atol=1e-5)


def test_more_tokens_than_the_model_has_positions_are_refused(encoder: TextEncoder) -> None:
    with pytest.raises(ValueError, match="2 to 256"):
        encoder.encode([FOX], max_tokens=257)


def test_no_texts_give_no_states(encoder: TextEncoder) -> None:
    assert CachedTextEncoder(encoder).encode([], 32).shape == (0, 32, 384)


def test_sentences_that_mean_the_same_are_closer_than_others(encoder: TextEncoder) -> None:
    fox, vixen, city = (
        sentence(encoder, text)
        for text in (FOX, "A red fox strolls in the woods at dusk.", "A taxi waits in the rainy city at noon.")
    )
    assert torch.cosine_similarity(fox, vixen, 0) > torch.cosine_similarity(fox, city, 0) + 0.1


def test_the_worlds_words_are_single_tokens_and_foreign_letters_do_no_harm(encoder: TextEncoder) -> None:
    for word in ("fox", "panda", "meadow", "sunset", "balloon", "purple", "dances", "jumps"):
        assert encoder.count_tokens(word) == 3, word
    assert torch.isfinite(encoder.encode(["лиса 狐 🦊 \x00 naïve café"])).all()


def test_capitals_and_accents_make_no_difference(encoder: TextEncoder) -> None:
    assert torch.equal(encoder.encode(["THE FOX Jumps, café"]), encoder.encode(["the fox jumps, cafe"]))


def test_the_cache_asks_once_for_a_text_and_forgets_the_oldest(encoder: TextEncoder) -> None:
    counting = CountingEncoder(encoder)
    cached = CachedTextEncoder(counting, size=2)
    first = cached.encode([FOX, "It jumps.", FOX], max_tokens=32)
    assert counting.asked == 2 and torch.equal(first[0], first[2])
    cached.encode([FOX, "It waves."], max_tokens=32)  # now "It jumps." is the oldest, and goes
    assert counting.asked == 3
    cached.encode([FOX], max_tokens=32)
    assert counting.asked == 3
    cached.encode(["It jumps."], max_tokens=32)
    assert counting.asked == 4


def test_changing_a_result_does_not_change_what_is_remembered(encoder: TextEncoder) -> None:
    cached = CachedTextEncoder(encoder)
    before = cached.encode([FOX]).clone()
    cached.encode([FOX]).zero_()
    assert torch.equal(cached.encode([FOX]), before)


@pytest.mark.parametrize("bits", [2, 4, 5, 6, 8])
def test_packed_numbers_come_back_exactly(bits: int) -> None:
    numbers = torch.randint(0, 2**bits, (3, 128), dtype=torch.uint8, generator=torch.Generator().manual_seed(bits))
    flags = np.unpackbits(numbers.view(3, 128, 1).numpy(), axis=-1)[..., 8 - bits :].reshape(3, -1)
    scale = torch.tensor([[0.5, 2.0]] * 3, dtype=torch.float16)
    back = unpack(torch.from_numpy(np.packbits(flags, axis=-1)), scale)
    expected = (numbers.float() - 2 ** (bits - 1)) * scale.float().repeat_interleave(64, dim=1)
    assert torch.equal(back, expected)


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_named_with_what_to_do(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(TextEncoderMissing, match=rf"{name} is not in the model folder.*copy the whole model folder"):
        TextEncoder.load(folder)


@pytest.mark.parametrize("name", FILES)
def test_a_cut_off_file_is_named_with_what_to_do(folder: Path, name: str) -> None:
    whole = (folder / name).read_bytes()
    (folder / name).write_bytes(whole[: len(whole) // 2])
    with pytest.raises(TextEncoderBroken, match=rf"{name} is damaged.*copy the whole model folder"):
        TextEncoder.load(folder)


def test_weights_that_lack_a_layer_are_refused(folder: Path) -> None:
    path = folder / "text_encoder" / "model.safetensors"
    weights = {name: tensor for name, tensor in load_file(path).items() if "layer.5." not in name}
    save_file(weights, path)
    with pytest.raises(TextEncoderBroken, match=r"weights and config\.json differ"):
        TextEncoder.load(folder)


def test_a_tokenizer_of_another_model_is_refused(folder: Path) -> None:
    path = folder / "tokenizer" / "tokenizer.json"
    tokenizer = json.loads(path.read_text(encoding="utf-8"))
    tokenizer["model"]["vocab"].popitem()
    path.write_text(json.dumps(tokenizer), encoding="utf-8")
    with pytest.raises(TextEncoderBroken, match=r"tokenizer\.json has \d+ pieces"):
        TextEncoder.load(folder)


def test_a_format_of_a_newer_version_is_refused_with_advice(folder: Path) -> None:
    path = folder / "text_encoder" / "config.json"
    config = json.loads(path.read_text(encoding="utf-8"))
    config["matchcut"]["format"] = 2
    path.write_text(json.dumps(config), encoding="utf-8")
    with pytest.raises(TextEncoderBroken, match="update Matchcut"):
        TextEncoder.load(folder)


def test_the_encoder_fits_its_budget_of_ten_mebibytes() -> None:
    assert sum(path.stat().st_size for path in (MODEL / "text_encoder").iterdir()) <= 10 * 2**20
