r"""Compute features of films once; probes then run on a CPU.

    python tools/extract_features.py CONFIG CHECKPOINT --data data/rsna \
        --dataset RSNAPneumonia --scheme cxr_clip --splits train val test
    python tools/extract_features.py --published cxr_clip r50_m.tar --data ...
    python tools/extract_features.py --encoder cxr-clip_r50=r50_m.tar --data ...

Prints a folder for each split, which tools/probe.py takes. What is in the cache
already is not computed again: its key is made of the weights, the films and the steps
between.
"""

import argparse
import sys


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('model', nargs='*', help='CONFIG CHECKPOINT')
    parser.add_argument(
        '--published', nargs=2, metavar=('SYSTEM', 'FILE'), help='a published model'
    )
    parser.add_argument(
        '--encoder', metavar='NAME[=FILE]', help='one of tools/misc/list_encoders.py'
    )
    parser.add_argument('--data', required=True, help='folder of the dataset')
    parser.add_argument(
        '--dataset',
        default='ClassificationDataset',
        help='its class, which names the labels; by default all label columns',
    )
    parser.add_argument('--scheme', default='clean', help='split scheme')
    parser.add_argument('--splits', nargs='+', default=['train', 'val', 'test'])
    parser.add_argument('--fraction', type=float, default=1.0, help='of train')
    parser.add_argument('--out', default='work_dirs/features', help='folder')
    parser.add_argument('--batch-size', type=int, default=64)
    parser.add_argument('--workers', type=int, default=2, help='that read films')
    parser.add_argument('--device', help='cpu or cuda; default: cuda if there is one')
    parser.add_argument('--amp', action='store_true', help='compute in bfloat16')
    args = parser.parse_args(argv)
    ways = (len(args.model) == 2, args.published is not None, args.encoder is not None)
    if sum(ways) != 1 or len(args.model) not in (0, 2):
        parser.error(
            'give CONFIG and CHECKPOINT, --published SYSTEM FILE or --encoder NAME=FILE'
        )
    return args


def main(argv: list[str] | None = None) -> None:
    """Extract with a progress bar."""
    args = parse_args(argv)
    import torch
    from rich.progress import MofNCompleteColumn, Progress, TimeRemainingColumn

    from mmcxr.apis import load_model, load_published
    from mmcxr.apis.model import check_device
    from mmcxr.studies.features import extract_features, open_encoder

    device = args.device or ('cuda' if torch.cuda.is_available() else 'cpu')
    if args.published:
        check_device(device)
        loaded = load_published(*args.published).to(device)
    elif args.encoder:
        loaded = open_encoder(args.encoder, device)
    else:
        loaded = load_model(*args.model, device)
    columns = (*Progress.get_default_columns()[:2], MofNCompleteColumn())
    folders = []
    with Progress(*columns, TimeRemainingColumn(), transient=True) as bar:
        for split in args.splits:
            task = bar.add_task(split, total=None)
            dataset = dict(
                type=args.dataset,
                data_root=args.data,
                split_scheme=args.scheme,
                split=split,
                fraction=args.fraction if split == 'train' else 1.0,
            )
            folders.append(
                extract_features(
                    loaded,
                    dataset,
                    args.out,
                    args.batch_size,
                    args.workers,
                    args.amp,
                    lambda done, total, task=task: bar.update(
                        task, completed=done, total=total
                    ),
                )
            )
    for folder in folders:
        print(folder)


if __name__ == '__main__':
    try:
        main()
    except (ValueError, OSError, KeyError) as error:
        print(f'extract_features.py: {error}', file=sys.stderr)
        sys.exit(2)
