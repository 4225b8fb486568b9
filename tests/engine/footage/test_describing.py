"""Captions come from a model in a local folder: a real, tiny, random LLaVA is loaded and asked."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace
from transformers import (
    CLIPImageProcessor,
    CLIPVisionConfig,
    LlamaConfig,
    LlavaConfig,
    LlavaForConditionalGeneration,
    LlavaProcessor,
    PreTrainedTokenizerFast,
)

from engine.footage.describing import SHOT_QUESTION, VisionLanguageModel
from engine.footage.errors import CaptionerMissing
from tests.engine.footage.reels import shot

TEMPLATE = (
    "{% for m in messages %}{% for c in m['content'] %}{% if c['type'] == 'image' %}<image> {% else %}"
    "{{ c['text'] }}{% endif %}{% endfor %}{% endfor %}"
)


@pytest.fixture(scope="module")
def llava(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("llava")
    words = ["<unk>", "<pad>", "</s>", "<image>", "a", "fox", "walks", "in", "the", "forest", ".", *"bcdefgh"]
    tokenizer = Tokenizer(WordLevel({word: n for n, word in enumerate(words)}, unk_token="<unk>"))
    tokenizer.pre_tokenizer = Whitespace()
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, unk_token="<unk>", pad_token="<pad>", eos_token="</s>",
        additional_special_tokens=["<image>"],
    )  # fmt: skip
    vision = CLIPVisionConfig(
        hidden_size=16, intermediate_size=16, num_hidden_layers=2, num_attention_heads=2, image_size=16, patch_size=8
    )
    text = LlamaConfig(
        vocab_size=len(words), hidden_size=16, intermediate_size=16, num_hidden_layers=2, num_attention_heads=2,
        num_key_value_heads=2, pad_token_id=1, eos_token_id=2, bos_token_id=0,
    )  # fmt: skip
    torch.manual_seed(0)
    config = LlavaConfig(vision_config=vision, text_config=text, image_token_index=3)
    LlavaForConditionalGeneration(config).save_pretrained(folder)
    images = CLIPImageProcessor(size={"shortest_edge": 16}, crop_size={"height": 16, "width": 16})
    LlavaProcessor(
        images, fast, patch_size=8, vision_feature_select_strategy="default", chat_template=TEMPLATE,
        num_additional_image_tokens=1,
    ).save_pretrained(folder)  # fmt: skip
    return folder


def test_the_same_pictures_are_told_in_the_same_words(llava: Path) -> None:
    describer = VisionLanguageModel(llava)
    frames = list(shot(4, 0))
    told = describer.describe(frames, SHOT_QUESTION)
    assert told == describer.describe(frames, SHOT_QUESTION) and told == " ".join(told.split())
    assert len(describer.key) == 64


def test_a_folder_without_a_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(CaptionerMissing, match="no vision-language model"):
        VisionLanguageModel(tmp_path)


def test_a_model_of_another_kind_is_refused_when_it_is_asked(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"model_type": "bert"}', encoding="utf-8")
    with pytest.raises(CaptionerMissing, match="cannot be used to caption"):
        VisionLanguageModel(tmp_path).describe(list(shot(1, 0)), "What?")
