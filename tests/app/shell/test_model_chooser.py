"""The model manager of the editor, with real child processes and a hub on loopback."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.settings import SettingsStore
from app.shell.model_chooser import ModelChooser
from app.shell.model_fits import ModelFits, fit_text
from app.shell.model_row import ModelRow
from app.shell.model_work import model_works
from app.shell.models import known_models, size_of, title_of
from engine.catalogue.registry import Registry, state_of
from storyboards.model_folders import BUILT_IN
from tests.engine.hub.hub_server import HubServer

WEIGHTS = "transformer/diffusion_pytorch_model.safetensors"
LONG = 60_000  # ms: two cores, and a child that loads a hub client


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[HubServer]:
    """A hub that has the paper theatre, and children that ask it."""
    server = HubServer()
    server.publish("owner/large-theatre", BUILT_IN / "paper-theatre")
    monkeypatch.setenv("HF_ENDPOINT", server.endpoint)
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    monkeypatch.delenv("HF_TOKEN", raising=False)
    yield server
    server.close()


@pytest.fixture
def dialog(qtbot: QtBot, store: SettingsStore) -> Iterator[ModelChooser]:
    """The chooser, shown."""
    made = ModelChooser(store, "paper-theatre")
    made.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
    qtbot.addWidget(made)
    made.show()
    yield made
    model_works().close()


def row_of(dialog: ModelChooser, name: str) -> ModelRow | None:
    """The row of a model."""
    rows = [dialog.list.itemWidget(dialog.list.item(place)) for place in range(dialog.list.count())]
    return next((row for row in rows if isinstance(row, ModelRow) and row.card.name == name), None)


def settle(qtbot: QtBot, dialog: ModelChooser) -> None:
    """Wait for the work to end."""
    with qtbot.waitSignal(model_works().ended, timeout=LONG):
        pass


def test_the_built_in_model_is_there_and_cannot_be_removed(dialog: ModelChooser) -> None:
    assert dialog.card is not None and dialog.card.built_in and dialog.use.isEnabled()
    assert "112 × 64" in dialog.card.facts and "Apache-2.0" in row_of(dialog, "paper-theatre").facts.text()  # type: ignore[union-attr]
    assert not dialog.remove.isVisible() and not dialog.verify.isVisible()


def test_a_folder_is_added_where_it_is_and_used_by_its_name(
    qtbot: QtBot, dialog: ModelChooser, tmp_path: Path
) -> None:
    (tmp_path / "my theatre").symlink_to(BUILT_IN / "paper-theatre")
    dialog.add(tmp_path / "my theatre")
    settle(qtbot, dialog)
    assert dialog.problem.text() == ""
    assert dialog.card is not None and (dialog.card.name, dialog.card.state) == ("my-theatre", "ready")
    assert all(file.sha256 for file in Registry().get("my-theatre").files)
    assert title_of("my-theatre") == "my-theatre" and size_of("my-theatre") == (112, 64)
    with qtbot.waitSignal(dialog.chosen) as told:
        dialog.use.click()
    assert told.args == ["my-theatre"]


def test_what_is_no_model_is_told(qtbot: QtBot, dialog: ModelChooser, tmp_path: Path) -> None:
    dialog.add(tmp_path)
    settle(qtbot, dialog)
    assert "is no model folder" in dialog.problem.text() and "model_index.json" in dialog.problem.text()


@pytest.mark.slow
def test_a_download_shows_how_far_it_is_is_stopped_and_goes_on(
    qtbot: QtBot, dialog: ModelChooser, hub: HubServer
) -> None:
    hub.hold_after[WEIGHTS] = 2_000_000
    dialog.get.click()
    panel = dialog.download
    panel.model.setEditText("owner/large-theatre")
    assert not panel.download.isEnabled()
    panel.look.click()
    qtbot.waitUntil(panel.download.isEnabled, timeout=LONG)
    assert "licence apache-2.0" in panel.facts.text() and "are free there" in panel.facts.text()
    panel.download.click()

    def halfway() -> bool:
        row = row_of(dialog, "large-theatre")
        return row is not None and row.bar.isVisible() and "downloading" in row.state.text() and row.bar.value() > 0

    qtbot.waitUntil(halfway, timeout=LONG)
    qtbot.waitUntil(hub.stalled.is_set, timeout=LONG)
    dialog.list.setCurrentRow([card.name for card in known_models(())].index("large-theatre"))
    assert not dialog.use.isEnabled() and dialog.stop.isVisible() and not dialog.remove.isVisible()
    dialog.stop.click()
    settle(qtbot, dialog)
    assert dialog.card is not None and dialog.card.state == "incomplete" and dialog.go_on.isVisible()
    assert "% downloaded" in row_of(dialog, "large-theatre").state.text()  # type: ignore[union-attr]
    hub.go_on.set()
    dialog.go_on.click()
    settle(qtbot, dialog)
    assert dialog.problem.text() == "" and state_of(Registry().get("large-theatre")) == "ready"
    assert hub.ranges_of(WEIGHTS)[-1].startswith("bytes=") and dialog.use.isEnabled()
    _damage_and_repair(qtbot, dialog)
    _remove(qtbot, dialog)


def _damage_and_repair(qtbot: QtBot, dialog: ModelChooser) -> None:
    path = Path(Registry().get("large-theatre").place) / WEIGHTS
    with path.open("r+b") as file:
        file.seek(5000)
        file.write(b"wrong")
    dialog.verify.click()
    settle(qtbot, dialog)
    assert f"{WEIGHTS} is damaged" in dialog.problem.text() and not dialog.use.isEnabled()
    dialog.go_on.click()
    settle(qtbot, dialog)
    dialog.verify.click()
    settle(qtbot, dialog)
    assert "every file is as it should be" in dialog.problem.text()


def _remove(qtbot: QtBot, dialog: ModelChooser) -> None:
    place = Path(Registry().get("large-theatre").place)
    dialog.remove.click()
    assert "This deletes" in dialog.problem.text() and place.exists(), "it asks first"
    dialog.remove.click()
    settle(qtbot, dialog)
    assert not place.exists() and row_of(dialog, "large-theatre") is None


def test_a_failed_look_says_what_to_do(qtbot: QtBot, dialog: ModelChooser, hub: HubServer) -> None:
    hub.models["owner/large-theatre"].licence = "cc-by-nc-4.0"
    dialog.get.click()
    dialog.download.model.setEditText("owner/nothing")
    dialog.download.look.click()
    qtbot.waitUntil(lambda: "shows no model owner/nothing" in dialog.download.facts.text(), timeout=LONG)
    dialog.download.model.setEditText("owner/large-theatre")
    dialog.download.look.click()
    qtbot.waitUntil(dialog.download.accept_licence.isVisible, timeout=LONG)
    assert not dialog.download.download.isEnabled()
    dialog.download.accept_licence.setChecked(True)
    assert dialog.download.download.isEnabled()


def test_a_folder_named_in_an_earlier_version_is_listed_and_forgotten(
    qtbot: QtBot, store: SettingsStore, tmp_path: Path
) -> None:
    (tmp_path / "profile.json").write_text("[")
    store.change(model_folders=(str(tmp_path),))
    dialog = ModelChooser(store, str(tmp_path))
    qtbot.addWidget(dialog)
    assert dialog.card is not None and "cannot be read" in dialog.card.problem and not dialog.use.isEnabled()
    dialog.remove.click()
    dialog.remove.click()
    assert store.now.model_folders == () and tmp_path.is_dir()


def test_a_model_says_whether_it_fits_this_machine(qtbot: QtBot, dialog: ModelChooser) -> None:
    def told() -> bool:
        row = row_of(dialog, "paper-theatre")
        return row is not None and "fits here: about" in row.facts.text()

    qtbot.waitUntil(told, timeout=LONG)
    assert dialog.use.isEnabled() and dialog.card is not None and dialog.card.name == "paper-theatre"


def test_whether_it_fits_goes_by_the_preferences(qtbot: QtBot, store: SettingsStore) -> None:
    def needed(**preferences: str) -> float:
        store.change(**preferences)
        fits = ModelFits(dialog)
        with qtbot.waitSignal(fits.told, timeout=LONG) as told:
            fits.ask(store.now)
        return float(told.args[0]["paper-theatre"].split("about ")[1].split()[0])

    dialog = ModelChooser(store, "paper-theatre")
    qtbot.addWidget(dialog)
    assert needed(precision="int8") < needed(precision="fp32", device="cpu")


def test_a_model_that_is_too_big_is_told_of_and_not_forbidden() -> None:
    assert "too big" in fit_text({"verdict": "too big", "needed": 30 << 30, "memory": 8 << 30})
    assert fit_text({}) == ""


def test_a_damaged_registry_is_told(qtbot: QtBot, store: SettingsStore) -> None:
    Registry().folder.mkdir(parents=True)
    Registry().file.write_text("[")
    dialog = ModelChooser(store, "paper-theatre")
    qtbot.addWidget(dialog)
    assert "is damaged" in dialog.problem.text() and dialog.use.isEnabled()


def test_work_on_models_ends_with_the_program(qtbot: QtBot, hub: HubServer, qapp: QApplication) -> None:
    hub.hold_after[WEIGHTS] = 100_000
    work = model_works().start("owner/large-theatre", ["download", "owner/large-theatre"])
    qtbot.waitUntil(hub.stalled.is_set, timeout=LONG)
    model_works().close()
    assert work.over and model_works().of("owner/large-theatre") is None
    shutil.rmtree(Registry().folder)
