"""Peak memory of the contrastive losses, whole and by blocks; of a step on a GPU.

    python benchmarks/memory.py                    # CPU
    python benchmarks/memory.py --device cuda      # also CXR-CLIP in micro-batches

Forward and backward pass of films and reports of the same number, 512 channels,
float32. Memory is what the process (the allocator, on a GPU) held at most beyond what
it held before the embeddings were made: embeddings and gradients count. The floor is
that of these alone. Each row has a process of its own. Whole matrices are left out
where one of them would take more than ``--largest`` GB.
"""

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path

import torch
from measuring import machine, write_results

CHANNELS = 512
TARGET_GB = 1.0
KINDS = ('info_nce', 'sigmoid')


def embeddings(pairs: int, device: str) -> list[torch.Tensor]:
    """Unit rows that want a gradient, films and reports."""
    generator = torch.Generator(device).manual_seed(0)
    made = []
    for _ in range(2):
        rows = torch.randn(pairs, CHANNELS, device=device, generator=generator)
        rows.div_(rows.norm(dim=1, keepdim=True))
        made.append(rows.requires_grad_())
    return made


def loss_of(kind: str, pairs: list, block: int | None) -> torch.Tensor:
    from mmcxr.models.losses import contrastive

    contrastive.rows_at_once = lambda queries, keys: min(queries, block or queries)

    scale = torch.full((), 14.3, device=pairs[0].device, requires_grad=True)
    if kind == 'info_nce':
        return contrastive.clip_loss(*pairs, scale)
    return contrastive.siglip_loss(*pairs, scale, -10.0)


def resident(name: str) -> float:
    """GB that this process holds (VmRSS) or held at most (VmHWM)."""
    lines = Path('/proc/self/status').read_text().splitlines()
    return next(int(x.split()[1]) / 1e6 * 1.024 for x in lines if x.startswith(name))


def measure(kind: str, pairs: int, block: int | None, device: str) -> dict:
    """Peak and time of one forward and backward pass in this process."""
    loss_of(kind, embeddings(64, device), 16).backward()  # what is loaded once
    loss_of(kind, embeddings(64, device), None).backward()
    before = held(device)
    made = embeddings(pairs, device)
    start = time.perf_counter()
    loss_of(kind, made, block).backward()
    if device == 'cuda':
        torch.cuda.synchronize()
    seconds = time.perf_counter() - start
    floor = 4 * sum(x.numel() * x.element_size() for x in made) / 2
    return dict(
        kind=kind,
        pairs=pairs,
        block=block,
        peak_gb=round(peak(device) - before, 3),
        floor_gb=round(floor / 1e9, 3),
        seconds=round(seconds, 3),
    )


def held(device: str) -> float:
    """GB in use; the peak counts from here."""
    if device == 'cuda':
        torch.cuda.synchronize()
        torch.cuda.reset_peak_memory_stats()
        return torch.cuda.memory_allocated() / 1e9
    return resident('VmRSS')


def peak(device: str) -> float:
    if device == 'cuda':
        return torch.cuda.max_memory_allocated() / 1e9
    return resident('VmHWM')


def step_memory(batch: int, micro_batch: int | None, device: str, smoke: bool) -> dict:
    """Peak of a training step of CXR-CLIP, ResNet-50, in this process."""
    from cases import CXRCLIPSteps

    from mmcxr.engine.hooks.micro_batch_hook import encode_in_pieces

    case = CXRCLIPSteps(smoke)
    step = case.steps(batch, device, ['ours'])['ours']
    if micro_batch is not None:
        encode_in_pieces(step.model, micro_batch)
    step()  # the optimizer makes its state
    before = held(device)
    start = time.perf_counter()
    step()
    if device == 'cuda':
        torch.cuda.synchronize()
    return dict(
        kind='CXR-CLIP step',
        pairs=batch,
        block=micro_batch,
        peak_gb=round(peak(device), 3),
        weights_and_state_gb=round(before, 3),
        seconds=round(time.perf_counter() - start, 3),
    )


def plan(args) -> list[tuple]:
    """Rows to measure: kind, pairs, block."""
    if args.smoke:
        rows = [(kind, 256, block) for kind in KINDS for block in (None, 64)]
        return [*rows, ('step', 4, None), ('step', 4, 2)]
    rows = []
    for pairs in args.pairs:
        for kind in KINDS:
            if 4 * pairs**2 / 1e9 <= args.largest:
                rows.append((kind, pairs, None))
            rows.append((kind, pairs, args.block))
    if args.device == 'cuda':
        for batch in args.batches:
            rows += [('step', batch, None), ('step', batch, args.micro_batch)]
    return rows


def one_row(row: tuple, args) -> dict:
    """Measure a row in this process."""
    kind, pairs, block = row
    if kind == 'step':
        return step_memory(pairs, block, args.device, args.smoke)
    return measure(kind, pairs, block, args.device)


def in_a_process(row: tuple, args) -> dict:
    """Measure a row in a fresh process; no peak where memory did not suffice."""
    command = [sys.executable, '-W', 'ignore', __file__, '--device', args.device]
    command += ['--row', json.dumps(row)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode == 0:
        return json.loads(done.stdout.splitlines()[-1])
    if 'OutOfMemoryError' in done.stderr or done.returncode == -9:
        return dict(kind=row[0], pairs=row[1], block=row[2], peak_gb=None)
    raise RuntimeError(done.stderr[-3000:])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--device', default='cpu', choices=['cpu', 'cuda'])
    parser.add_argument('--pairs', nargs='+', type=int, default=[4096, 16384, 32768])
    parser.add_argument('--block', type=int, default=1024)
    parser.add_argument('--largest', type=float, default=1.2, help='GB of a matrix')
    parser.add_argument('--batches', nargs='+', type=int, default=[256, 1024, 4096])
    parser.add_argument('--micro-batch', type=int, default=128)
    parser.add_argument('--out', help='results file')
    parser.add_argument('--smoke', action='store_true', help='seconds, no numbers')
    parser.add_argument('--row', type=json.loads, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.row:
        print(json.dumps(one_row(args.row, args)))
        return
    rows, take = [], one_row if args.smoke else in_a_process
    for row in plan(args):
        rows.append(take(row, args))
        print(json.dumps(rows[-1]), flush=True)
    if args.smoke:
        print('smoke: every path ran')
        return
    name = torch.cuda.get_device_name() if args.device == 'cuda' else 'cpu'
    result = dict(
        device=name,
        channels=CHANNELS,
        target_gb=TARGET_GB,
        rows=rows,
        machine=machine('torch'),
    )
    file = f'memory-{name.lower().replace(" ", "-")}'
    print(f'wrote {write_results(file, result, args.out)}')


if __name__ == '__main__':
    main()
