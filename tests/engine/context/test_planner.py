"""The planner chooses within the budget, obeys the user, and says why."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from engine.backbone.profiles import Profile
from engine.context.planner import Plan, plan, spread_frames
from engine.contract import ContextCandidate, ShotTask

PROFILE = Profile(context_tokens=500)


def shot(order: int, continues: bool = False) -> ShotTask:
    return ShotTask(f"s{order}", f"shot {order + 1}", order, "text", 17, (), continues)


def take(order: int, **changes: object) -> ContextCandidate:
    facts: dict[str, object] = {
        "id": f"take-{order}",
        "role": "shot",
        "shot_id": f"s{order}",
        "name": f"shot {order + 1}",
        "path": "",
        "latents_hash": "",
        "text": "",
        "order": order,
    }
    return ContextCandidate(**{**facts, **changes})  # type: ignore[arg-type]


def planned(target: ShotTask, *candidates: ContextCandidate, two_sided: bool = False, budget: int = 500) -> Plan:
    return plan(candidates, target, PROFILE, lambda c: 100, two_sided, budget)


def used(result: Plan) -> list[str]:
    return [b.candidate_id for b in result.used]


def test_a_shot_sees_the_earlier_shots_in_story_order() -> None:
    assert used(planned(shot(3), take(2), take(0), take(1))) == ["take-0", "take-1", "take-2"]


def test_later_shots_are_context_only_when_two_sided() -> None:
    assert used(planned(shot(1), take(0), take(2))) == ["take-0"]
    both = planned(shot(1), take(0), take(2), two_sided=True)
    assert [(b.candidate_id, b.side) for b in both.used] == [("take-0", "before"), ("take-2", "after")]


def test_the_shot_before_and_the_first_shot_win_when_the_budget_is_small() -> None:
    result = planned(shot(5), *(take(n) for n in range(5)), budget=200)
    assert used(result) == ["take-0", "take-4"]
    assert all("budget" in b.reason for b in result.report if not b.used)


def test_a_pin_beats_nearness_and_an_exclusion_beats_everything() -> None:
    result = planned(shot(5), *(take(n) for n in (0, 3, 4)), take(2, choice="pinned"), budget=200)
    assert "take-2" in used(result)
    assert used(planned(shot(1), take(0, choice="excluded"))) == []


def test_a_reference_stands_before_all_shots() -> None:
    picture = take(-1, id="fox", role="reference", shot_id="")
    assert used(planned(shot(2), take(1), picture)) == ["fox", "take-1"]


def test_a_continuing_shot_sees_what_it_continues_whatever_the_budget() -> None:
    tail = take(1, role="recent")
    result = planned(shot(2, continues=True), take(0), tail, budget=10)
    assert used(result) == ["take-1"]


@given(
    st.lists(
        st.tuples(st.integers(0, 12), st.sampled_from(["auto", "pinned", "excluded"])),
        unique_by=lambda x: x[0],
        max_size=12,
    ),
    st.integers(0, 1200),
    st.booleans(),
)
def test_every_candidate_is_reported_once_and_the_budget_is_kept(
    picks: list[tuple[int, str]], budget: int, two_sided: bool
) -> None:
    candidates = [take(order, choice=choice) for order, choice in picks]
    result = planned(shot(6), *candidates, two_sided=two_sided, budget=budget)
    assert sorted(b.candidate_id for b in result.report) == sorted(c.id for c in candidates)
    assert sum(b.tokens for b in result.used) <= budget
    assert all(b.reason for b in result.report)
    orders = [int(b.candidate_id.removeprefix("take-")) for b in result.used]
    assert orders == sorted(orders)


def in_frames(most: int | None, *lengths: int, budget: int = 500) -> Plan:
    def frames_of(candidate: ContextCandidate) -> int:
        return lengths[candidate.order]

    takes, last = tuple(take(n) for n in range(len(lengths))), shot(len(lengths))
    return plan(takes, last, PROFILE, lambda c: 20 * frames_of(c), False, budget, None, frames_of, most)


def test_a_shot_may_be_seen_in_its_first_frame_and_evenly_spread_others() -> None:
    (block,) = in_frames(3, 21).used
    assert block.frames == (0, 10, 20) and block.tokens == 60
    assert "latent frames 1, 11, 21" in block.reason
    assert in_frames(1, 21).used[0].frames == (0,)


def test_a_shot_of_few_frames_is_seen_whole() -> None:
    assert in_frames(6, 5).used[0].frames == ()
    assert in_frames(None, 21).used[0].frames == ()


def test_seen_in_fewer_frames_more_shots_fit_the_budget() -> None:
    assert len(in_frames(None, 20, 20, 20, budget=500).used) == 1
    assert len(in_frames(6, 20, 20, 20, budget=500).used) == 3


def shared(shots: int, **changes: object) -> list[tuple[int, ...]]:
    """Frames of each of the shots before, of 21 latent frames, where six are shared."""
    profile, takes = Profile(context_tokens=500, context_share=6), [take(n) for n in range(shots)]
    takes[0] = take(0, **changes)
    found = plan(tuple(takes), shot(shots), profile, lambda c: 210, False, None, None, lambda c: 21)
    return [block.frames for block in found.report if block.used]


def test_all_shots_share_a_few_frames_and_the_latest_get_what_is_left() -> None:
    """As ShotStream was trained: equal parts, the rest to the latest, each the first frame and evenly spread others."""
    assert shared(1) == [(0, 4, 8, 12, 16, 20)]
    assert shared(2) == [(0, 10, 20)] * 2
    assert shared(4) == [(0,), (0,), (0, 20), (0, 20)]
    assert shared(8) == [(0,)] * 6  # of eight, the latest six
    assert len(shared(8, choice="pinned")) == 7


def test_frames_that_the_user_asks_for_go_before_the_models_share() -> None:
    profile = Profile(context_tokens=500, context_share=6)
    found = plan((take(0), take(1)), shot(2), profile, lambda c: 210, False, None, None, lambda c: 21, 2)
    assert [block.frames for block in found.used] == [(0, 20)] * 2


@given(st.integers(1, 60), st.integers(1, 60))
def test_spread_frames_begin_with_the_first_end_with_the_last_and_repeat_none(length: int, most: int) -> None:
    frames = spread_frames(length, most)
    if length <= most:
        assert frames == ()
        return
    assert len(frames) == most == len(set(frames)) and frames[0] == 0 and frames == tuple(sorted(frames))
    assert frames[-1] == length - 1 or most == 1
