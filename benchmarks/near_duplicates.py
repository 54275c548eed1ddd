"""Copies of chest films: how many are found, what is mistaken, and how long it takes.

    python benchmarks/near_duplicates.py data/covid19

Recall and mistakes on the films of a converted dataset and their copies, at most
512 px; speed of printing films from packs of 512 px, which are read again and again
until there are 20,000; and a search among 100,000 films, which are made by bending
and blending the real ones, with copies of 1,000 of them among them. Processor seconds
are those of all threads together.
"""

import argparse
import tempfile
import time
from itertools import combinations
from pathlib import Path

import cv2
import numpy as np
from measuring import machine, spread, write_results

from mmcxr.datasets.films.film import read_film
from mmcxr.datasets.films.grey import stretch
from mmcxr.datasets.packs.layout import PackSettings
from mmcxr.datasets.packs.packing import pack_dataset
from mmcxr.datasets.tables.table import read_table
from mmcxr.preparing.near_duplicates import alignment, codes, prints, search
from mmcxr.preparing.near_duplicates.hamming import near_codes

SIDE = 512


def jpeg(film, quality):
    data = cv2.imencode('.jpg', film, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return cv2.imdecode(data, cv2.IMREAD_GRAYSCALE)


def scaled(film, factor):
    return cv2.resize(film, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)


def gamma(film, power):
    return np.rint(255 * (film / 255.0) ** power).astype(np.uint8)


def window(film):
    low, high = np.percentile(film, [3, 97])
    return np.clip((film - low) / (high - low) * 255, 0, 255).astype(np.uint8)


def sixteen_bits(film):
    return stretch(film.astype(np.uint16) * 13 + 1000)


def cut(film, share, generator):
    top, bottom, left, right = generator.uniform(0, share, 4)
    height, width = film.shape
    rows = slice(int(top * height), height - int(bottom * height))
    return film[rows, int(left * width) : width - int(right * width)]


def centre(film):
    side = min(film.shape)
    top, left = ((n - side) // 2 for n in film.shape)
    return film[top : top + side, left : left + side]


def pad(film):
    side = max(film.shape)
    result = np.zeros((side, side), np.uint8)
    top, left = ((side - n) // 2 for n in film.shape)
    result[top : top + film.shape[0], left : left + film.shape[1]] = film
    return result


def turn(film, degrees):
    height, width = film.shape
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1)
    return cv2.warpAffine(film, matrix, (width, height))


def write(film):
    height = film.shape[0]
    text, place = 'PORTABLE 12:30', (10, height // 10)
    return cv2.putText(
        film.copy(), text, place, cv2.FONT_HERSHEY_SIMPLEX, height / 500, 255, 2
    )


def kinds(generator):
    """{what was done: film -> copy}."""
    return {
        'JPEG quality 90': lambda film: jpeg(film, 90),
        'JPEG quality 30': lambda film: jpeg(film, 30),
        'half size': lambda film: scaled(film, 0.5),
        '224 x 224, bilinear': lambda film: cv2.resize(film, (224, 224)),
        'gamma 0.6': lambda film: gamma(film, 0.6),
        'gamma 1.8': lambda film: gamma(film, 1.8),
        'window 3 to 97 %': window,
        'histogram equalised': cv2.equalizeHist,
        'CLAHE, limit 2': lambda film: cv2.createCLAHE(2.0, (8, 8)).apply(film),
        'through 16 bits': sixteen_bits,
        'negative': lambda film: 255 - film,
        'mirrored': lambda film: np.ascontiguousarray(film[:, ::-1]),
        'cut by 0 to 2 % a side': lambda film: cut(film, 0.02, generator),
        'cut by 0 to 5 % a side': lambda film: cut(film, 0.05, generator),
        'cut by 0 to 10 % a side': lambda film: cut(film, 0.1, generator),
        'central square': centre,
        'padded to a square': pad,
        'turned by 1 degree': lambda film: turn(film, 1),
        'turned by 3 degrees': lambda film: turn(film, 3),
        'text written on it': write,
    }


def recall(films, patients):
    """For each kind of copy the share that is found, and pairs of other films.

    ``mistakes`` are of two patients; ``serial`` are two films of one patient.
    """
    patient = np.tile(patients, 2)
    originals = prints.print_films(list(films), films.get)[0]
    rows = {}
    for kind, change in kinds(np.random.default_rng(0)).items():
        copies = {
            name: np.ascontiguousarray(change(film)) for name, film in films.items()
        }
        found = search.find_duplicates(
            prints.join_prints(
                [originals, prints.print_films(list(copies), copies.get)[0]]
            ),
            threshold=0,
        )
        right = found.second == found.first + len(films)
        scores = found.similarity[right]
        wrong = ~right & (found.similarity >= search.THRESHOLD)
        same = patient[found.first] == patient[found.second]
        rows[kind] = dict(
            candidates=round(float(len(scores) / len(films)), 4),
            found=round(float((scores >= search.THRESHOLD).sum() / len(films)), 4),
            mistakes=int((wrong & ~same).sum()),
            serial=int((wrong & same).sum()),
        )
    return rows


def alike(films, patients, limit=3000):
    """Similarity of different films, of the pairs whose codes are nearest."""
    found = prints.print_films(list(films), films.get)[0]
    whole = np.unique(found.film, return_index=True)[1]
    values = codes.equalised(found.thumbs[whole])
    views = np.tile([0.0, 1, 0, 1], (len(whole), 1))
    coefs = codes.frequencies(values, views)
    middle, _ = codes.spread_of(coefs)
    bits = codes.pack_codes(coefs > middle)
    one, other = np.array(list(combinations(range(len(whole)), 2))).T
    near = np.argsort(np.bitwise_count(bits[one] ^ bits[other]), kind='stable')[:limit]
    same = np.array(patients)[one] == np.array(patients)[other]
    scores = np.array(
        [
            alignment.similarity(values[i], values[j], views[0])
            for i, j in zip(one[near], other[near], strict=True)
        ]
    )
    return {
        name: dict(
            pairs=int(chosen.sum()),
            compared=int(chosen[near].sum()),
            most_alike=round(float(scores[chosen[near]].max()), 3),
        )
        for name, chosen in dict(two_patients=~same, one_patient=same).items()
    }


def blended(sources, number):
    """Film ``number``, made of two real ones, bent and mixed; always the same.

    Args:
        sources: (171, 171) films.
        number: of the film; 128 x 128.
    """
    generator = np.random.default_rng([7, number])
    grid = np.stack(np.meshgrid(np.arange(128), np.arange(128)), -1)
    parts = []
    for source in generator.choice(len(sources), 2, replace=False):
        bend = generator.normal(0, 5, (5, 5, 2)).astype(np.float32)
        bend = cv2.resize(bend, (128, 128), interpolation=cv2.INTER_CUBIC)
        place = (grid - 63.5) * generator.uniform(1.1, 1.4) + 85.5 + bend
        parts.append(
            cv2.remap(
                sources[source],
                place.astype(np.float32),
                None,
                cv2.INTER_LINEAR,
                borderMode=cv2.BORDER_REFLECT,
            )
        )
    share = generator.uniform(0.35, 0.65)
    return cv2.addWeighted(parts[0], share, parts[1], 1 - share, 0)


def timed(function):
    start = time.perf_counter(), time.process_time()
    result = function()
    seconds = dict(
        wall=round(time.perf_counter() - start[0], 2),
        processor=round(time.process_time() - start[1], 2),
    )
    return result, seconds


def printing(root, codec, number, workers, parts=5):
    """Seconds to print films of a pack, which the system has in memory, in parts."""
    images = list(read_table(root)['image'])
    names = [str(i) for i in range(number // parts)]
    pack = pack_dataset(root, PackSettings(SIDE, codec))

    def read(name):
        return pack.film(images[int(name) % len(images)]).whole()

    runs = [
        timed(lambda: prints.print_films(names, read, workers))[1] for _ in range(parts)
    ]
    return dict(
        pack=f'{SIDE}-{codec}',
        films=parts * len(names),
        workers=workers,
        seconds={clock: round(sum(run[clock] for run in runs), 1) for clock in runs[0]},
        films_per_second={
            clock: spread([len(names) / run[clock] for run in runs])
            for clock in runs[0]
        },
    )


def searching(films, number, copies, workers):
    """Seconds of a search, by its parts, and what became of the copies."""
    sources = [
        cv2.resize(film, (171, 171), interpolation=cv2.INTER_AREA) for film in films
    ]
    generator = np.random.default_rng(1)
    source = generator.choice(number - copies, copies, replace=False)
    copy_of = dict(zip(range(number - copies, number), source.tolist(), strict=True))

    def film(name):
        if int(name) not in copy_of:
            return blended(sources, int(name))
        copied = jpeg(gamma(blended(sources, copy_of[int(name)]), 0.8), 60)
        return cut(copied, 0.02, np.random.default_rng(int(name)))

    made, _ = prints.print_films(list(map(str, range(number))), film)
    candidates, candidates_seconds = timed(lambda: codes.find_candidates(made))
    found, seconds = timed(lambda: search.find_duplicates(made, workers=workers))
    wanted = {(original, copy) for copy, original in copy_of.items()}
    pairs = set(zip(found.first.tolist(), found.second.tolist(), strict=True))
    return dict(
        films=number,
        workers=workers,
        candidates=len(candidates.first),
        seconds_candidates=candidates_seconds,
        seconds_in_all=seconds,
        copies=copies,
        copies_found=len(wanted & pairs),
        other_pairs=len(pairs - wanted),
    )


def all_pairs(number=100_000, queries=1000):
    """near_codes and a comparison of all pairs, of random codes."""
    generator = np.random.default_rng(0)
    made = generator.integers(0, 2**64, number, dtype=np.uint64)
    (_, _), fast = timed(lambda: near_codes(made, made, codes.RADIUS))

    def plain():
        for start in range(0, queries, 20):
            part = made[start : start + 20, None]
            np.nonzero(np.bitwise_count(part ^ made) <= codes.RADIUS)

    _, slow = timed(plain)
    scaled_up = {name: round(s * number / queries, 1) for name, s in slow.items()}
    return dict(codes=number, seconds=fast, seconds_all_pairs_scaled=scaled_up)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('data', type=Path, help='folder of a converted dataset')
    parser.add_argument('--number', type=int, default=100_000)
    parser.add_argument('--printed', type=int, default=20_000)
    parser.add_argument('--copies', type=int, default=1000)
    parser.add_argument('--workers', type=int, default=2)
    parser.add_argument('--out', help='default: results/near_duplicates-cpu.json')
    args = parser.parse_args()
    cv2.setNumThreads(1)
    table = read_table(args.data)
    films = {}
    for image in table['image']:
        film = read_film(args.data / 'images' / image)
        films[image] = scaled(film, min(1, SIDE / max(film.shape)))
    patients = list(table['patient_id'])
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / 'images').symlink_to((args.data / 'images').resolve())
        plain = table[['image', 'patient_id', 'study_id']]
        plain.to_csv(root / 'table.csv', index=False)
        printed = [
            printing(root, codec, args.printed, args.workers)
            for codec in ('raw', 'jpeg')
        ]
    result = dict(
        machine('numpy', 'opencv-python'),
        films=len(films),
        threshold=search.THRESHOLD,
        radius=codes.RADIUS,
        copies=recall(films, patients),
        different_films=alike(films, patients),
        printing=printed,
        searching=searching(
            list(films.values()), args.number, args.copies, args.workers
        ),
        codes=all_pairs(),
    )
    for kind, row in result['copies'].items():
        print(f'{kind:26} found {row["found"]:.3f}  mistakes {row["mistakes"]}')
    for name in ('different_films', 'printing', 'searching', 'codes'):
        print(name, result[name])
    print(write_results('near_duplicates-cpu', result, args.out))


if __name__ == '__main__':
    main()
