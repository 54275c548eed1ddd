#!/usr/bin/env bash
# One process per GPU, or on a machine without GPUs as many as GPUS; what
# dist_train.sh and dist_test.sh share.
#   bash tools/torchrun.sh SCRIPT GPUS [arguments of SCRIPT]
# Several machines: set NNODES, NODE_RANK, MASTER_ADDR and PORT alike on each.
if [ $# -lt 2 ]; then sed -n '2,5s/^# *//p' "$0" >&2; exit 2; fi
SCRIPT=$1
GPUS=$2

PYTHON=${PYTHON:-python}
NNODES=${NNODES:-1}
NODE_RANK=${NODE_RANK:-0}
MASTER_ADDR=${MASTER_ADDR:-127.0.0.1}
# A machine alone takes any free port, so that two runs do not meet.
if [ "$NNODES" = 1 ]; then
    FREE_PORT=$("$PYTHON" -c 'import socket; s = socket.socket(); s.bind(("", 0)); print(s.getsockname()[1])')
fi
PORT=${PORT:-${FREE_PORT:-29500}}
# Each process gets its share of the cores.
CORES=$(getconf _NPROCESSORS_ONLN)
export OMP_NUM_THREADS=${OMP_NUM_THREADS:-$((CORES > GPUS ? CORES / GPUS : 1))}

exec "$PYTHON" -m torch.distributed.run \
    --nnodes="$NNODES" --node_rank="$NODE_RANK" --nproc_per_node="$GPUS" \
    --master_addr="$MASTER_ADDR" --master_port="$PORT" \
    "$(dirname "$0")/$SCRIPT" "${@:3}" --launcher pytorch
