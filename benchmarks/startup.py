"""How long one waits: for ``import mmcxr``, and for a training to begin.

    python benchmarks/startup.py [--smoke]

Wall time of fresh processes, with the files of the environment in the page cache.
Training is ``tools/train.py`` on the synthetic config, from the start of the process
to the line about its first iteration. The libraries alone are its floor.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from measuring import in_turns, machine, spread, write_results

from mmcxr.datasets.texts.wordpiece import split_texts, train_wordpiece
from mmcxr.synthetic import write_synthetic_dataset

REPO = Path(__file__).resolve().parents[1]
CONFIG = 'configs/cxr_clip/cxr-clip_r18-bert-mini_1xb32-10e_synthetic-96px.py'
IMPORTS = {
    'python': 'pass',
    'import mmcxr': 'import mmcxr',
    'import torch': 'import torch',
    'libraries of a training': (
        'from mmcxr.torchvision_schema import ensure_torchvision\n'
        'ensure_torchvision()\n'
        'import mmengine.runner, mmpretrain.models'
    ),
}
TARGETS = {'import mmcxr': 0.3, 'first iteration': 15}


def run_code(code: str) -> int:
    subprocess.run([sys.executable, '-W', 'ignore', '-c', code], check=True, cwd=REPO)
    return 1


def first_iteration(folder: Path) -> int:
    """Start a training and wait for the line about its first iteration."""
    command = [sys.executable, '-u', REPO / 'tools/train.py', REPO / CONFIG]
    command += ['--work-dir', folder / 'run', '--cfg-options']
    command += ['default_hooks.logger.interval=1']
    said = []
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=folder
    ) as process:
        for line in process.stdout:
            said.append(line)
            if 'Epoch(train)' in line:
                process.kill()
                return 1
    raise RuntimeError(f'the training ended before an iteration:\n{"".join(said[-9:])}')


def write_data(folder: Path) -> None:
    root = folder / 'data/synthetic'
    write_synthetic_dataset(root, num_patients=40, size=128, seed=5)
    texts = split_texts(root, 'official')
    train_wordpiece(texts, 500, root / 'tokenizer', lowercase=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--repeats', type=int, default=5)
    parser.add_argument('--out', help='results file')
    parser.add_argument('--smoke', action='store_true', help='once, no numbers')
    args = parser.parse_args()
    paths = {name: lambda code=code: run_code(code) for name, code in IMPORTS.items()}
    with tempfile.TemporaryDirectory() as temporary:
        write_data(Path(temporary))
        paths['first iteration'] = lambda: first_iteration(Path(temporary))
        if args.smoke:
            for path in paths.values():
                path()
            print('smoke: every path ran')
            return
        start = time.time()
        times = in_turns(paths, args.repeats)
    rows = {}
    for name, seconds in times.items():
        rows[name] = dict(seconds=spread(seconds['wall'], 3))
        if name in TARGETS:
            rows[name]['target'] = TARGETS[name]
        print(f'{name:24} {rows[name]["seconds"]}')
    result = dict(
        repeats=args.repeats,
        minutes=round((time.time() - start) / 60, 1),
        rows=rows,
        machine=machine('torch', 'onedl-mmengine', 'onedl-mmpretrain', 'transformers'),
    )
    print(f'wrote {write_results("startup-cpu", result, args.out)}')


if __name__ == '__main__':
    main()
