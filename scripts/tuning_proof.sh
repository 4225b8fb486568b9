#!/bin/sh
# Tunes a single-shot model of Wan's architecture on paper-theatre footage, with the commands a user would type, and prints
# the consistency table before and after. About half an hour on one idle core; goes on where it stopped.
#
#   scripts/tuning_proof.sh [FOLDER]        (STEPS=400 BASE_STEPS=600 SCENES=300 MODE=full)
set -eu
cd "$(dirname "$0")/.."
out=${1:-training/proof}
python=.venv/bin/python
mode=${MODE:-full}

$python scripts/single_shot_base.py --out "$out/base" --steps "${BASE_STEPS:-600}"
$python scripts/render_footage.py "$out/footage" --scenes "${SCENES:-300}"
$python main.py data build "$out/footage" --out "$out/data" --model "$out/base/model" --sheet
$python main.py train lct --base "$out/base/model" --data "$out/data" --out "$out/tuned-$mode" --mode "$mode" --merge \
    --steps "${STEPS:-400}" --resume
for model in "base/model" "tuned-$mode/model"; do
    echo "== $model"
    $python main.py evaluate consistency --model "$out/$model" --scenes 16 --quick --sheets "$out/sheets/$(dirname "$model")"
done
