"""Time of the text side of a masked-record-modelling sample: token ids and a mask.

    python benchmarks/mrm_text.py [--tokenizer mimic_wordpiece.json] [--smoke]

One core, texts cut at 100 tokens: synthetic reports, joined until they fill it as
MIMIC-CXR's do. Without a tokenizer one is trained on them. What is compared:

- tensor loop: tokenise each time, with truncation and padding set anew, then walk over
  the elements of a tensor: the released loader of MRM, written from its description.
- list loop: tokenise each time, then the same walk over a list of numbers.
- cached: ids from CachedTokenizer's file, then MaskWords.
- copied: the same without masking, which is the roof.
"""

import argparse
import random
import tempfile
from functools import partial
from pathlib import Path

import numpy as np
import torch
from measuring import in_turns, machine, ratio, spread, write_results

from mmcxr.datasets.packs.token_cache import CachedTokenizer
from mmcxr.datasets.texts.tokenizers import HFTokenizer
from mmcxr.datasets.texts.wordpiece import train_wordpiece
from mmcxr.datasets.transforms.masking import MaskWords
from mmcxr.synthetic.plan import plan_patient, stream
from mmcxr.synthetic.report import write_report

LENGTH = 100


def make_texts(num, words=90):
    """Reports of one study after the other, joined until a text has so many words."""
    texts, patient, text = [], 0, ''
    while len(texts) < num:
        for study in plan_patient(0, patient)[1]:
            report = write_report(study, stream(0, patient, study.number, 1))
            text = f'{text} {report.findings} {report.impression}'.strip()
            if len(text.split()) >= words:
                texts.append(text)
                text = ''
        patient += 1
    return texts[:num]


def tensor_loop(backend, pieces, pad, mask, text):
    backend.enable_truncation(max_length=LENGTH)
    backend.enable_padding(length=LENGTH)
    ids = torch.tensor(backend.encode(f'[CLS] {text}', add_special_tokens=False).ids)
    masked = ids.clone()
    for i in range(1, LENGTH - 1):
        if masked[i] == pad:
            break
        if masked[i].item() in pieces:
            if masked[i - 1] == mask:
                masked[i] = mask
        elif random.random() < 0.5:
            masked[i] = mask
    return masked, ids


def list_loop(tokenizer, pieces, mask, text):
    (ids,) = tokenizer([text], max_length=LENGTH)
    masked = list(ids)
    for i in range(1, min(len(ids), LENGTH - 1)):
        if masked[i] in pieces:
            if masked[i - 1] == mask:
                masked[i] = mask
        elif random.random() < 0.5:
            masked[i] = mask
    return np.array(masked), np.array(ids)


def each(function, number: int) -> int:
    for text in range(number):
        function(text)
    return number


def variants(config, texts, folder):
    """{name: function of the number of a text}."""
    tokenizer, plain = HFTokenizer(config['name']), HFTokenizer(config['name'])
    pieces = set(np.flatnonzero(tokenizer.is_piece()).tolist())
    pad, mask = tokenizer.pad_token_id, tokenizer.mask_token_id
    store, numbers = CachedTokenizer(config, max_length=LENGTH)(texts, folder)
    words = MaskWords(config, max_length=LENGTH)

    def cached(number):
        ids = store[numbers[number]['input_ids']]
        return words(dict(input_ids=[ids]))

    def copied(number):
        ids = store[numbers[number]['input_ids']]
        return ids, ids.copy()

    return {
        'copied': copied,
        'tensor loop': lambda n: tensor_loop(
            plain.backend, pieces, pad, mask, texts[n]
        ),
        'list loop': lambda n: list_loop(tokenizer, pieces, mask, texts[n]),
        'cached': cached,
    }


def rows_of(times: dict[str, dict]) -> dict[str, dict]:
    """Microseconds of a text, and how they compare with the floor and with ours."""
    rows = {}
    for name, seconds in times.items():
        micro = {clock: [1e6 * t for t in seconds[clock]] for clock in seconds}
        rows[name] = dict(
            microseconds={clock: spread(values, 3) for clock, values in micro.items()},
            cached_is_as_fast=ratio(seconds, times['cached']),
            share_of_roof=ratio(times['copied'], seconds),
        )
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--tokenizer', help='file of a WordPiece tokenizer')
    parser.add_argument('--texts', type=int, default=500)
    parser.add_argument('--repeats', type=int, default=15)
    parser.add_argument('--out', help='results file')
    parser.add_argument('--smoke', action='store_true', help='seconds, no numbers')
    args = parser.parse_args()
    torch.set_num_threads(1)
    texts = make_texts(20 if args.smoke else args.texts)
    with tempfile.TemporaryDirectory() as folder:
        name = args.tokenizer
        if name is None:
            train_wordpiece(texts, 1000, folder)
            name = folder
        config = dict(type='HFTokenizer', name=name)
        tokenizer = HFTokenizer(name)
        tokens = [len(ids) for ids in tokenizer(texts, max_length=LENGTH)]
        functions = variants(config, texts, Path(folder))
        paths = {name: partial(each, f, len(texts)) for name, f in functions.items()}
        times = in_turns(paths, 1 if args.smoke else args.repeats)
    if args.smoke:
        print('smoke: every path ran')
        return
    rows = rows_of(times)
    for name, row in rows.items():
        print(
            f'{name:12} {row["microseconds"]["processor"]["median"]:8.1f} us; cached '
            f'{row["cached_is_as_fast"]["median"]:.1f} times as fast; share of roof '
            f'{row["share_of_roof"]["median"]:.3f}'
        )
    result = dict(
        texts=len(texts),
        mean_tokens=round(float(np.mean(tokens)), 1),
        vocabulary=tokenizer.vocab_size,
        repeats=args.repeats,
        cores=1,
        clock='cached_is_as_fast and share_of_roof: processor time',
        roof='copied: a text is looked up and its ids are copied twice, with no mask',
        target=20,
        rows=rows,
        machine=machine('torch', 'numpy', 'tokenizers'),
    )
    print(f'wrote {write_results("mrm_text", result, args.out)}')


if __name__ == '__main__':
    main()
