"""What MRM's pre-training is worth where labels are few, on synthetic films.

    python benchmarks/label_efficiency.py data/synthetic work_dirs/.../best_....pth

The same encoder is fine-tuned from a pre-trained checkpoint and from scratch, with the
same films, recipe and seeds, at 1 and 10 % of the labels; AUROC is that of held-out
patients. Synthetic films show that the machinery works, not what it is worth on
radiographs. Called again, it goes on where it was stopped.
"""

import argparse
import json
import os
import platform
import sys
from pathlib import Path

import torch
from mmengine.config import DictAction

from mmcxr.engine.checkpoint_file import file_digest
from mmcxr.studies.fractions import run_fractions

HERE = Path(__file__).parent
CONFIG = HERE.parent / (
    'configs/benchmarks/classification/synthetic/finetune_mrm_vit-mini.py'
)
METRIC = 'classification/auroc'
LOADERS = ('train_dataloader', 'val_dataloader', 'test_dataloader')


def compare(pretrained, scratch):
    """One row per fraction: both starts, and their difference by seed.

    Args:
        pretrained: entries that ``run_fractions`` returns.
        scratch: likewise, of the same fractions and seeds.
    """
    by_percent = {e['percent']: e for e in scratch if e['metric'] == METRIC}
    rows = []
    for entry in (e for e in pretrained if e['metric'] == METRIC):
        other = by_percent[entry['percent']]
        theirs = {run['seed']: run['value'] for run in other['runs']}
        rows.append(
            dict(
                percent=entry['percent'],
                pretrained=entry,
                scratch=other,
                difference_by_seed={
                    run['seed']: run['value'] - theirs[run['seed']]
                    for run in entry['runs']
                },
                mean_difference=entry['mean'] - other['mean'],
            )
        )
    return rows


def main(argv=None):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('data', help='folder of synthetic films')
    parser.add_argument('checkpoint', help='MRM pre-trained on its training films')
    parser.add_argument('--fractions', nargs='+', type=float, default=[1, 10])
    parser.add_argument('--seeds', nargs='+', type=int, default=[0, 1, 2])
    parser.add_argument('--work-dir', type=Path, default='work_dirs/label_efficiency')
    parser.add_argument(
        '--out', type=Path, default=HERE / 'results/label_efficiency.json'
    )
    parser.add_argument('--cfg-options', nargs='+', action=DictAction, default={})
    args = parser.parse_args(argv)
    options = {f'{name}.dataset.data_root': args.data for name in LOADERS}
    options |= args.cfg_options
    starts = dict(
        pretrained={'model.backbone.init_cfg.checkpoint': args.checkpoint},
        scratch={'model.backbone.init_cfg': None},
    )
    found, failed = {}, []
    for name, start in starts.items():
        print(name)
        found[name], failures = run_fractions(
            CONFIG,
            args.fractions,
            args.seeds,
            args.work_dir / name,
            cfg_options=options | start,
        )
        for run in (run for entry in found[name] for run in entry['runs']):
            run['file'] = os.path.relpath(run['file'], args.work_dir)
        failed += [f'{name}: {failure}' for failure in failures]
    if failed:
        print('\n'.join(failed), file=sys.stderr)
        return 1
    rows = compare(**found)
    for row in rows:
        gains = ', '.join(f'{x:+.3f}' for x in row['difference_by_seed'].values())
        print(f'{row["percent"]:g} %: {row["mean_difference"]:+.3f} AUROC ({gains})')
    result = dict(
        config=CONFIG.stem,
        changes=args.cfg_options,
        checkpoint_sha256=file_digest(args.checkpoint),
        machine=platform.machine(),
        versions=dict(python=platform.python_version(), torch=torch.__version__),
        fractions=rows,
    )
    args.out.parent.mkdir(parents=True, exist_ok=True)
    args.out.write_text(json.dumps(result, indent=1) + '\n')
    return 0


if __name__ == '__main__':
    sys.exit(main())
