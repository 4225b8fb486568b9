"""From a transformer that reads 2x2 latent cells a token to one that reads each cell: four times the tokens, same body.

Training starts cheap on coarse tokens and goes on with fine ones; what the blocks have learnt stays (the idea of
FlexiDiT, arXiv 2502.20126, in one direction and without its extra parameters). A flat area embeds as before, so
the finer model starts near where the coarse one stood, and needs some hundred steps to use its freedom.
"""

from __future__ import annotations

from engine.backbone.transformer import SceneTransformer3DModel


def with_single_cells(coarse: SceneTransformer3DModel) -> SceneTransformer3DModel:
    """A model with patch size (1, 1, 1) from one with (1, p, p). Raises ValueError for patches in time."""
    p_t, p_h, p_w = coarse.config.patch_size
    if p_t != 1:
        raise ValueError(f"patches of {p_t} latent frames cannot be split")
    config = {k: v for k, v in coarse.config.items() if not k.startswith("_")}
    fine: SceneTransformer3DModel = SceneTransformer3DModel(**{**config, "patch_size": (1, 1, 1)})
    state = coarse.state_dict()
    channels = coarse.config.out_channels
    state["patch_embedding.weight"] = state["patch_embedding.weight"].sum((-1, -2), keepdim=True)
    state["proj_out.weight"] = state["proj_out.weight"].unflatten(0, (p_h * p_w, channels)).mean(0)
    state["proj_out.bias"] = state["proj_out.bias"].unflatten(0, (p_h * p_w, channels)).mean(0)
    fine.load_state_dict(state)
    return fine
