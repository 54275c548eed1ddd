"""Train a WordPiece tokenizer on the reports of a converted dataset.

    python tools/misc/train_tokenizer.py DATA --vocab-size 8000 --out FOLDER

Reads the reports of the train split (findings and impressions where the table has no
whole ones) and writes tokenizer.json and vocab.txt; the same reports give the same
files.
"""

import argparse
import sys

from mmcxr.datasets.texts.wordpiece import split_texts, train_wordpiece


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('data', help='folder of the dataset')
    parser.add_argument('--vocab-size', type=int, required=True)
    parser.add_argument('--out', required=True, help='folder to write to')
    parser.add_argument('--scheme', default='clean', help='split scheme')
    parser.add_argument('--cased', action='store_true', help='keep upper case')
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> None:
    """Train and say how large the vocabulary became."""
    args = parse_args(argv)
    texts = split_texts(args.data, args.scheme)
    tokenizer = train_wordpiece(texts, args.vocab_size, args.out, not args.cased)
    size = tokenizer.get_vocab_size()
    print(f'{size} tokens from {len(texts)} texts, in {args.out}')


if __name__ == '__main__':
    try:
        main()
    except (ValueError, OSError) as error:
        print(f'train_tokenizer.py: {error}', file=sys.stderr)
        sys.exit(2)
