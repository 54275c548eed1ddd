"""Time, memory and arithmetic of a training step, ours beside the published one.

    python benchmarks/step.py                          # CPU
    python benchmarks/step.py --device cuda            # one GPU, several batch sizes

Both start from the same weights and the same batch, and their losses must agree
before anything is timed. A step is what the training loop does for a batch: copy to
the device, prepare, forward, backward, update. Published steps are those of
``benchmarks/published``: float32 on a CPU, float16 with loss scaling on a GPU. Ours
is bfloat16 on both, with the switches that the one-GPU configs set. Further variants:
``padded`` (CXR-CLIP, texts not joined into rows), ``micro128`` (128 studies at once),
``masked`` (MRM, loss on masked tokens); each may be followed by
``+compiled`` or another way of ``benchmarks/cases`` to run it. They take turns; times
are medians with quartiles, in seconds. The roof is the device's own rate of a large
matrix product, in bfloat16 on a GPU, in float32 on a CPU. Rows are added to the
results file of that device, or replace those of the same case, batch and variant.
"""

import argparse
import json
import time

import torch
from cases import CASES
from kernels import costs
from measuring import machine, results_file, spread, write_results
from mmengine.logging import MMLogger
from torch.utils.flop_counter import FlopCounterMode

KEY = 'case', 'batch', 'variant'


def measure(step, device, repeats, warmup):
    """Times (R,) of a step; asynchronous work is waited for."""
    times = []
    for turn in range(warmup + repeats):
        synchronize(device)
        start = time.perf_counter()
        step()
        synchronize(device)
        if turn >= warmup:
            times.append(time.perf_counter() - start)
    return times


def synchronize(device):
    if device == 'cuda':
        torch.cuda.synchronize()


def peak_memory(step, device):
    """Largest memory of a step in GB, on a GPU."""
    if device != 'cuda':
        return None
    torch.cuda.reset_peak_memory_stats()
    step()
    torch.cuda.synchronize()
    return round(torch.cuda.max_memory_allocated() / 1e9, 2)


def flops(step):
    """Floating-point operations of a step, as torch counts them."""
    with FlopCounterMode(display=False) as counter:
        step()
    return counter.get_total_flops()


def roof(device):
    """Rate of a large matrix product, FLOP/s."""
    gpu = device == 'cuda'
    side, kind = (8192, torch.bfloat16) if gpu else (2048, torch.float32)
    a, b = (torch.randn(side, side, device=device, dtype=kind) for _ in range(2))
    return 2 * side**3 / min(measure(lambda: a @ b, device, 10, 3))


def run(case, batch, device, repeats, variants, warmup):
    """Rows of one case and batch size, {variant: row}."""
    torch.manual_seed(0)
    steps = case.steps(batch, device, variants)
    case.check(steps)
    counted = {name: flops(step) for name, step in case.countable(steps).items()}
    rows = {}
    for step in steps.values():
        measure(step, device, 0, warmup)
    times = {name: [] for name in steps}
    for _ in range(repeats):  # by turns: what drifts, drifts for all
        for name, step in steps.items():
            times[name] += measure(step, device, 1, 0)
    for name, step in steps.items():
        row = rows[name] = dict(seconds=spread(times[name]))
        row['films_per_second'] = round(case.films(batch) / row['seconds']['median'], 1)
        operations = counted.get(name.partition('+')[0])
        if operations:  # those of the recipe, which has to be among the variants
            row['gflop'] = round(operations / 1e9, 1)
            rate = operations / 1e12 / row['seconds']['median']
            row['tflop_per_second'] = float(f'{rate:.4g}')
        row['peak_memory_gb'] = peak_memory(step, device)
        if device == 'cuda':
            row['milliseconds_of_kernels'] = costs(step)
    return rows


def merged(result, file, out):
    """The result with the rows of the results file that it does not measure anew."""
    path = results_file(file, out)
    former = json.loads(path.read_text())['rows'] if path.exists() else []
    new = {tuple(map(row.get, KEY)) for row in result['rows']}
    kept = [row for row in former if tuple(map(row.get, KEY)) not in new]
    rows = sorted(kept + result['rows'], key=lambda row: (row['case'], row['batch']))
    return dict(result, rows=rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--device', default='cpu', choices=['cpu', 'cuda'])
    parser.add_argument('--cases', nargs='+', default=list(CASES), choices=CASES)
    parser.add_argument('--batches', nargs='+', type=int)
    parser.add_argument('--repeats', type=int, default=5)
    parser.add_argument('--variants', nargs='+')
    parser.add_argument('--threads', type=int, default=None)
    parser.add_argument('--smoke', action='store_true', help='tiny models, one turn')
    parser.add_argument('--out')
    args = parser.parse_args()
    if args.smoke:
        args.repeats = 1
    if args.threads:
        torch.set_num_threads(args.threads)
    MMLogger.get_instance('benchmark', log_level='ERROR')
    peak = None if args.smoke else roof(args.device)
    result = dict(
        machine('torch', 'transformers', 'onedl-mmpretrain'),
        device=torch.cuda.get_device_name() if args.device == 'cuda' else 'cpu',
        roof_tflop_per_second=peak and float(f'{peak / 1e12:.3g}'),
        threads=torch.get_num_threads(),
        repeats=args.repeats,
        rows=[],
    )
    file = f'step-{result["device"].lower().replace(" ", "-")}'
    for name in args.cases:
        case = CASES[name](smoke=args.smoke)
        for batch in args.batches or case.batches(args.device):
            warmup = 0 if args.smoke else 3
            variants = args.variants or case.variants
            found = run(case, batch, args.device, args.repeats, variants, warmup)
            for variant, row in found.items():
                if 'published' in found:
                    base = found['published']['seconds']['median']
                    row['times_faster'] = round(base / row['seconds']['median'], 2)
                if peak and 'tflop_per_second' in row:
                    share = row['tflop_per_second'] * 1e12 / peak
                    row['share_of_roof'] = round(share, 3)
                row = dict(case=name, batch=batch, variant=variant, **row)
                result['rows'].append(row)
                print(json.dumps(row), flush=True)
            if not args.smoke:  # after each: a run may be cut short
                write_results(file, merged(result, file, args.out), args.out)
            if args.device == 'cuda':
                torch.cuda.empty_cache()
    if args.smoke:
        print('smoke: every path ran')


if __name__ == '__main__':
    main()
