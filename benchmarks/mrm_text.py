"""Time of the text side of a masked-record-modelling sample: token ids and a mask.

    python benchmarks/mrm_text.py [--tokenizer mimic_wordpiece.json]

One core, texts cut at 100 tokens: synthetic reports, joined until they fill it as
MIMIC-CXR's do. Without a tokenizer one is trained on them. What is compared:

- tensor loop: tokenise each time, with truncation and padding set anew, then walk over
  the elements of a tensor: the released loader of MRM, written from its description.
- list loop: tokenise each time, then the same walk over a list of numbers.
- cached: ids from CachedTokenizer's file, then MaskWords.

The rounds of the three alternate, so that a busy machine slows all of them.
"""

import argparse
import json
import platform
import random
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch

from mmcxr.datasets.synthetic.plan import plan_patient, stream
from mmcxr.datasets.synthetic.report import write_report
from mmcxr.datasets.token_cache import CachedTokenizer
from mmcxr.datasets.tokenizers import HFTokenizer
from mmcxr.datasets.transforms.masking import MaskWords
from mmcxr.datasets.wordpiece import train_wordpiece

HERE = Path(__file__).parent
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

    return {
        'tensor loop': lambda n: tensor_loop(
            plain.backend, pieces, pad, mask, texts[n]
        ),
        'list loop': lambda n: list_loop(tokenizer, pieces, mask, texts[n]),
        'cached': cached,
    }


def microseconds(functions, num, rounds):
    """Per text, of each function: medians over alternating rounds."""
    wall, processor = ({name: [] for name in functions} for _ in range(2))
    for _ in range(rounds):
        for name, function in functions.items():
            start = time.perf_counter(), time.process_time()
            for number in range(num):
                function(number)
            wall[name].append((time.perf_counter() - start[0]) / num * 1e6)
            processor[name].append((time.process_time() - start[1]) / num * 1e6)
    return {
        name: dict(wall=spread(wall[name]), processor=spread(processor[name]))
        for name in functions
    }


def spread(times):
    low, median, high = np.percentile(times, [25, 50, 75]).round(1).tolist()
    return dict(median=median, quartiles=[low, high])


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--tokenizer', help='file of a WordPiece tokenizer')
    parser.add_argument('--texts', type=int, default=500)
    parser.add_argument('--rounds', type=int, default=15)
    parser.add_argument('--out', default=HERE / 'results' / 'mrm_text.json', type=Path)
    args = parser.parse_args()
    torch.set_num_threads(1)
    texts = make_texts(args.texts)
    with tempfile.TemporaryDirectory() as folder:
        name = args.tokenizer
        if name is None:
            train_wordpiece(texts, 1000, folder)
            name = folder
        config = dict(type='HFTokenizer', name=name)
        tokenizer = HFTokenizer(name)
        tokens = [len(ids) for ids in tokenizer(texts, max_length=LENGTH)]
        functions = variants(config, texts, Path(folder))
        rows = microseconds(functions, len(texts), args.rounds)
    for name, row in rows.items():
        cells = [
            '{:8.1f} us [{:.1f}, {:.1f}]'.format(times['median'], *times['quartiles'])
            for times in (row['wall'], row['processor'])
        ]
        print(f'{name:12} wall {cells[0]}  processor {cells[1]}')
    medians = {name: row['processor']['median'] for name, row in rows.items()}
    faster = {
        name: round(median / medians['cached'], 1) for name, median in medians.items()
    }
    print('cached is faster by', faster)
    result = dict(
        texts=len(texts),
        mean_tokens=round(float(np.mean(tokens)), 1),
        vocabulary=tokenizer.vocab_size,
        rounds=args.rounds,
        cores=1,
        machine=platform.machine(),
        versions=dict(
            python=platform.python_version(),
            torch=torch.__version__,
            numpy=np.__version__,
            tokenizers=version('tokenizers'),
        ),
        microseconds_per_text=rows,
        times_the_cached=faster,
    )
    args.out.parent.mkdir(parents=True, exist_ok=True)
    args.out.write_text(json.dumps(result, indent=1) + '\n')


if __name__ == '__main__':
    main()
