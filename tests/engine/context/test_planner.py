"""The planner chooses within the budget, obeys the user, and says why."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from engine.backbone.profiles import Profile
from engine.context.planner import Plan, plan
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
