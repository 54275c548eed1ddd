r"""Audit the splits of a converted dataset, or published lists without any image.

    python tools/misc/audit_splits.py data/siim
    python tools/misc/audit_splits.py data/rsna --films --against data/chestx-ray14 \
        --links pneumonia-challenge-dataset-mappings_2018.json
    python tools/misc/audit_splits.py --lists mrm DatasetsSplits --json audit.json
    python tools/misc/audit_splits.py --lists some/folder/of/lists

Looks for images, patients and copies of films that two splits share, fractions that
are not nested, images listed again, labels that contradict each other or are none.
--films reads the films to find copies (thumbnails are kept in film_prints.npz) and
writes identities.csv beside the table, which the scheme clean and evaluations use;
--pack NAME reads them from a pack of the dataset, 100,000 films in minutes.
Ends with 1 where there is a leak or a fault that is not accepted.
"""

import argparse
import json
import sys
from pathlib import Path

SYSTEMS = ('mrm', 'benchx', 'knobo', 'any')


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    from mmcxr.preparing.audit.findings import KINDS, NOTE

    kinds = [kind for kind, (severity, _) in KINDS.items() if severity != NOTE]
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('data', nargs='*', help='folders of converted datasets')
    parser.add_argument('--scheme', nargs='+', default=[], help='default: all')
    parser.add_argument(
        '--lists',
        nargs='+',
        action='append',
        default=[],
        metavar=('[SYSTEM]', 'FOLDER'),
        help=f'published lists; SYSTEM is one of {", ".join(SYSTEMS)}',
    )
    parser.add_argument(
        '--against',
        nargs='+',
        default=[],
        help='datasets or lists that a model may have been trained on',
    )
    parser.add_argument(
        '--links', nargs='+', default=[], help='crosswalks and tables of patients'
    )
    parser.add_argument('--films', action='store_true', help='look for copies of films')
    parser.add_argument(
        '--pack', metavar='NAME', help='look for copies, reading films from this pack'
    )
    parser.add_argument(
        '--workers', type=int, default=2, help='threads that read films'
    )
    parser.add_argument(
        '--accept', nargs='+', default=[], choices=kinds, help='kinds to live with'
    )
    parser.add_argument('--json', type=Path, help='file to write all findings to')
    args = parser.parse_args(argv)
    if not args.data and not args.lists:
        parser.error('nothing to audit: name a dataset, or --lists')
    for entry in args.lists:
        if entry[0] not in SYSTEMS:
            entry.insert(0, 'any')
        if len(entry) < 2:
            parser.error(f'--lists {entry[0]}: name the folder of the lists')
    return args


def main(argv: list[str] | None = None) -> int:
    """Audit and print; 1 where something is wrong, 2 where it cannot be read."""
    args = parse_args(argv)
    from rich.console import Console
    from rich.progress import Progress

    from mmcxr.preparing.audit.findings import failures
    from mmcxr.preparing.audit.report import audit_json, print_audit
    from mmcxr.preparing.audit.run import Request, run_audit

    console = Console()
    if not console.is_terminal:  # a file has room for whole names
        console = Console(width=160)
    request = Request(
        data=[Path(folder) for folder in args.data],
        schemes=args.scheme,
        lists=[(system, Path(f)) for system, *folders in args.lists for f in folders],
        against=[Path(folder) for folder in args.against],
        links=[Path(path) for path in args.links],
        films=args.films or args.pack is not None,
        pack=args.pack,
        workers=args.workers,
    )
    try:
        quiet = not sys.stderr.isatty()
        with Progress(console=Console(stderr=True), disable=quiet) as bar:
            tasks = {}

            def progress(what: str, done: int, total: int) -> None:
                task = tasks.setdefault(what, None) or bar.add_task(what, total=total)
                tasks[what] = task
                bar.update(task, completed=done, total=total)

            audit = run_audit(request, progress)
    except (ValueError, OSError) as error:
        print(f'audit_splits.py: {error}', file=sys.stderr)
        return 2
    print_audit(audit, args.accept, console)
    if args.json:
        text = json.dumps(audit_json(audit, args.accept), indent=1, ensure_ascii=False)
        args.json.write_text(text + '\n', encoding='utf-8')
    return 1 if failures(audit.findings, args.accept) else 0


if __name__ == '__main__':
    sys.exit(main())
