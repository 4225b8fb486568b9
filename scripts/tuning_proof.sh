#!/bin/sh
# Tunes a single-shot model of Wan's architecture on paper-theatre footage, with the commands a user would type, and prints
# the consistency table before, after Long Context Tuning, and after the context-causal stage. Goes on where it stopped.
#
#   scripts/tuning_proof.sh [FOLDER]        (LCT_STEPS=250 CAUSAL_STEPS=350 SCENES=300 JUDGED=24 MODE=full)
#   RATE=training/rates/16 scripts/tuning_proof.sh     begins with the model that scripts/compare_rates.py has trained
set -eu
cd "$(dirname "$0")/.."
out=${1:-training/proof}
python=.venv/bin/python
mode=${MODE:-full}
tuned="$out/tuned-$mode"

judge() {
    $python main.py evaluate consistency --model "$1" --scenes "${JUDGED:-24}" --quick --sheets "$out/sheets/$2" --json
}

test -d "$out/base/model" || $python scripts/single_shot_base.py --out "$out/base" ${RATE:+--rate "$RATE"}
$python scripts/render_footage.py "$out/footage" --scenes "${SCENES:-300}"
$python main.py data build "$out/footage" --out "$out/data" --model "$out/base/model" --sheet
for stage in lct causal; do
    steps=${LCT_STEPS:-250}
    test "$stage" = lct || steps=${CAUSAL_STEPS:-350}
    $python main.py train lct --base "$out/base/model" --data "$out/data" --out "$tuned" --mode "$mode" --merge \
        --stage "$stage" --steps "$steps" --resume
    rm -rf "$out/after-$stage"
    cp -r "$tuned/model" "$out/after-$stage"
done
for model in base/model after-lct after-causal; do
    echo "== $model"
    judge "$out/$model" "$(basename "$model")"
done
