r"""Train and test a config at several label fractions with several seeds.

    python tools/misc/run_fractions.py configs/.../finetune.py \
        --fractions 1 10 100 --seeds 0 1 2 --encoder mrm_vit-b16=MRM.pth

Where the config says what differs at a fraction (`fractions`), or has a config beside
it that ends in _10pct, that is taken: another learning rate and number of updates. Any
other fraction is the config with fewer films. A seed is that of the run (head, order,
augmentation); the films of a fraction are the same for all seeds.

Called again, it goes on: finished cells are not repeated, and a training that was
killed goes on from its last checkpoint. Settings may be tried first:

    python tools/misc/run_fractions.py CONFIG --fractions 1 --seeds 0 1 2 \
        --grid optim_wrapper.optimizer.lr=1e-4,3e-4 train_dataloader.batch_size=32,64

trains all four with the first seed, takes the one whose best checkpoint has the best
value in validation, and tests that one alone, with every seed. fractions.json tells
what was tried.

Printed and written to fractions.json are the numbers of the results.json files with
their 95 % intervals, and mean and standard deviation over seeds, or over folds where
--schemes names several.

Exit code 1: some cells failed, the others ran. 2: nothing could be run or averaged.
"""

import argparse
import sys
from functools import partial

from mmengine.config import DictAction


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('config', help='config of all films')
    parser.add_argument(
        '--fractions', nargs='+', type=float, default=[100], metavar='PERCENT',
        help='per cent of the training films (default: 100)',
    )  # fmt: skip
    parser.add_argument(
        '--seeds', nargs='+', type=int, default=[0, 1, 2], help='(default: 0 1 2)'
    )
    parser.add_argument(
        '--schemes', nargs='+', default=[], help='split schemes (folds) to run each on'
    )
    parser.add_argument(
        '--work-dir', help='one folder per cell goes here (default: that of a run, '
        'work_dirs/<task>_<dataset>_<config>, and _fractions)',
    )  # fmt: skip
    parser.add_argument(
        '--gpus', type=int, default=1,
        help='processes of each run; the batch of the config is that of each',
    )  # fmt: skip
    parser.add_argument(
        '--encoder', metavar='NAME[=FILE]',
        help="another encoder than the config's, see tools/misc/list_encoders.py",
    )  # fmt: skip
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action=DictAction,
        metavar='KEY=VALUE',
        help='change the config: train_cfg.max_iters=100 key="[a,b]"',
    )
    parser.add_argument(
        '--grid',
        nargs='+',
        action=DictAction,
        metavar='KEY=VALUE,VALUE',
        help='settings to try in validation: every combination',
    )
    try:
        args = parser.parse_args(argv)
    except ValueError:  # out of DictAction
        parser.error('--cfg-options and --grid take KEY=VALUE pairs')
    if args.encoder:
        args.cfg_options = {'encoder': args.encoder, **(args.cfg_options or {})}
    args.grid = {
        key: values if isinstance(values, list) else [values]
        for key, values in (args.grid or {}).items()
    }
    return args


def main(argv: list[str] | None = None) -> int:
    """Parse, run the grid, and tell what failed."""
    args = parse_args(argv)
    from mmcxr.engine.config_file import ConfigError
    from mmcxr.evaluation.functional.comparison import UnequalSpecsError
    from mmcxr.studies.fractions import run_fractions

    try:
        _, failures = run_fractions(
            args.config,
            args.fractions,
            args.seeds,
            args.work_dir,
            args.schemes,
            args.gpus,
            args.cfg_options,
            args.grid,
            say=partial(print, flush=True),
        )
    except (ConfigError, UnequalSpecsError) as error:
        for line in str(error).splitlines():
            print(f'error: {line}', file=sys.stderr)
        return 2
    for failure in failures:
        print(f'failed: {failure}', file=sys.stderr)
    return 1 if failures else 0


if __name__ == '__main__':
    sys.exit(main())
