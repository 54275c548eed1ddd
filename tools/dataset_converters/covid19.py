"""Convert the COVID-19 Image Data Collection.

python tools/dataset_converters/covid19.py covid-chestxray-dataset --out data/covid19
"""

import argparse
import sys


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('source', help='folder with metadata.csv and images/')
    parser.add_argument('--out', required=True, help='folder to write to')
    parser.add_argument('--link', action='store_true', help='link instead of copying')
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> None:
    """Convert, and say what was written and what was not."""
    args = parse_args(argv)
    from mmcxr.datasets.conversion.covid19 import convert_covid19

    for line in convert_covid19(args.source, args.out, args.link).lines():
        print(line)


if __name__ == '__main__':
    try:
        main()
    except (ValueError, OSError) as error:
        print(f'covid19.py: {error}', file=sys.stderr)
        sys.exit(2)
