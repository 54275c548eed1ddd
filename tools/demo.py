"""From nothing to a trained and measured CXR-CLIP and MRM, on synthetic films.

python tools/demo.py --out work_dirs/demo
"""

import argparse
import os
import sys
import time
from pathlib import Path

CONFIGS = Path(__file__).resolve().parents[1] / 'configs'


def parse_args() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--out', default='work_dirs/demo', help='folder to write to')
    parser.add_argument('--num-films', type=int, default=3000)
    parser.add_argument('--epochs', type=int, help='epochs of pre-training')
    return parser.parse_args()


def main() -> None:
    """Run the demo and say where its results are."""
    args = parse_args()
    os.environ.setdefault('HF_HUB_OFFLINE', '1')  # nothing is fetched
    start = time.perf_counter()
    from mmcxr.demo.demo import run_demo

    options = {}
    if args.epochs is not None:
        options['pretrain'] = {'train_cfg.max_epochs': args.epochs}
    report, table = run_demo(args.out, CONFIGS, args.num_films, options)
    from rich.console import Console
    from rich.table import Table

    grid = Table(
        'measure', 'value', '95 % interval', 'baseline', title='synthetic films'
    )
    for row in table:
        grid.add_row(*row)
    console = Console()
    console.print(grid)
    minutes = (time.perf_counter() - start) / 60
    console.print(f'{minutes:.1f} minutes; look at {report}', soft_wrap=True)
    console.print(f'all numbers: {report.with_name("results.json")}', soft_wrap=True)


if __name__ == '__main__':
    sys.exit(main())
