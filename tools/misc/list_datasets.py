"""Write the page that lists all datasets.

python tools/misc/list_datasets.py docs/datasets.md
"""

import argparse
from pathlib import Path


def main() -> None:
    """Write it to the file named on the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('page', type=Path, help='Markdown file to write')
    args = parser.parse_args()
    from mmcxr.preparing.overview import datasets_page

    args.page.parent.mkdir(parents=True, exist_ok=True)
    args.page.write_text(datasets_page(), encoding='utf-8')


if __name__ == '__main__':
    main()
