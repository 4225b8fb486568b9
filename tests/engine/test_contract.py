"""Records survive the wire, and nothing else passes for one."""

from __future__ import annotations

import dataclasses
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import contract as c

REQUEST = c.GenerateRequest(
    "r",
    "paper-theatre",
    "scene",
    3,
    (c.ShotTask("s", "one", 0, "a fox", 17, (c.TakeTask("t", 1, "/x/t"),), extension=c.Extension("o", "/x/o", "h")),),
    (c.ContextCandidate("t0", "shot", "s0", "shot 0", "/x/l", "h", "text", 0, "pinned", 0.2),),
    (112, 64),
    c.SamplingSettings(steps=3, sampler="unipc"),
)


@given(
    st.builds(
        c.ContextCandidate,
        role=st.sampled_from(["shot", "reference", "recent"]),
        choice=st.sampled_from(["auto", "pinned", "excluded"]),
        noise=st.none() | st.floats(0, 1),
    )
)
def test_any_candidate_survives_the_wire(candidate: c.ContextCandidate) -> None:
    request = dataclasses.replace(REQUEST, candidates=(candidate,))
    assert c.decode(c.encode(request)) == request


def test_a_request_is_one_line() -> None:
    assert "\n" not in c.encode(REQUEST)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"type": "Nonsense"}, "no known record"),
        ({"surprise": 1}, "fields this version does not know: surprise"),
        ({"scene_seed": "three"}, "should be int, not str"),
        ({"joint": 1}, "should be bool, not int"),
        ({"size": [1]}, "should be a list of 2"),
        ({"candidates": [{"id": 1}]}, "should be str, not int"),
        ({"settings": {"sampler": "magic"}}, "sampler"),
    ],
)
def test_what_does_not_fit_is_refused_with_its_place(change: dict[str, object], complaint: str) -> None:
    data = json.loads(c.encode(REQUEST)) | change
    with pytest.raises(c.ContractError, match=complaint):
        c.decode(json.dumps(data))


@pytest.mark.parametrize("line", ["", "{", "[]", "null", '{"type": 3}'])
def test_noise_on_the_line_is_no_record(line: str) -> None:
    with pytest.raises(c.ContractError):
        c.decode(line)
