#!/usr/bin/env bash
# Evaluate with one process per GPU; on a machine without GPUs, with GPUS processes.
#   bash tools/dist_test.sh CONFIG CHECKPOINT GPUS [arguments of tools/test.py]
# Several machines: set NNODES, NODE_RANK, MASTER_ADDR and PORT alike on each.
if [ $# -lt 3 ]; then sed -n '2,4s/^# *//p' "$0" >&2; exit 2; fi
exec bash "$(dirname "$0")/torchrun.sh" test.py "$3" "$1" "$2" "${@:4}"
