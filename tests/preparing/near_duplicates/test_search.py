import cv2
import numpy as np
import pytest

from mmcxr.preparing.near_duplicates import codes
from mmcxr.preparing.near_duplicates.alignment import similarity
from mmcxr.preparing.near_duplicates.codes import (
    equalised,
    find_candidates,
    frequencies,
    pack_codes,
    reference,
    spread_of,
)
from mmcxr.preparing.near_duplicates.prints import join_prints, print_films
from mmcxr.preparing.near_duplicates.search import (
    THRESHOLD,
    DuplicatePairs,
    find_duplicates,
)

WHOLE = np.array([[0.0, 1, 0, 1]])


def prints_of(films):
    return print_films(list(films), films.get)[0]


def jpeg(film, quality):
    data = cv2.imencode('.jpg', film, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return cv2.imdecode(data, cv2.IMREAD_GRAYSCALE)


def resized(film, height, width):
    return cv2.resize(film, (width, height), interpolation=cv2.INTER_AREA)


def gamma(film, power):
    return np.rint(255 * (film / 255.0) ** power).astype(np.uint8)


def window(film):
    low, high = np.percentile(film, [3, 97])
    return np.clip((film - low) / (high - low) * 255, 0, 255).astype(np.uint8)


def cut(film, top, bottom, left, right):
    height, width = film.shape
    rows = slice(int(top * height), height - int(bottom * height))
    return film[rows, int(left * width) : width - int(right * width)]


def square(film):
    side = min(film.shape)
    top, left = ((n - side) // 2 for n in film.shape)
    return film[top : top + side, left : left + side]


def padded(film):
    side = max(film.shape)
    result = np.zeros((side, side), np.uint8)
    top, left = ((side - n) // 2 for n in film.shape)
    result[top : top + film.shape[0], left : left + film.shape[1]] = film
    return result


def sixteen_bits(film):
    """Through a 16-bit file of another window and back, as read_film reads it."""
    from mmcxr.datasets.films.grey import stretch

    return stretch(film.astype(np.uint16) * 13 + 1000)


COPIES = {
    'JPEG quality 30': lambda film: jpeg(film, 30),
    'JPEG quality 90': lambda film: jpeg(film, 90),
    'half size': lambda film: resized(film, film.shape[0] // 2, film.shape[1] // 2),
    '224 px square': lambda film: resized(film, 224, 224),
    'gamma 0.6': lambda film: gamma(film, 0.6),
    'gamma 1.8': lambda film: gamma(film, 1.8),
    'windowed': window,
    'equalised': cv2.equalizeHist,
    '16 bits': sixteen_bits,
    'cut by 2 %': lambda film: cut(film, 0.02, 0.01, 0.0, 0.02),
    'cut to a square': square,
    'padded to a square': padded,
    'negative': lambda film: 255 - film,
    'mirrored': lambda film: film[:, ::-1],
}


@pytest.mark.parametrize('name', COPIES)
def test_every_copy_of_real_films_is_found_and_nothing_else(films, name):
    """33 films and their copies: 33 pairs."""
    originals = prints_of(films)
    copies = prints_of(
        {
            image: np.ascontiguousarray(COPIES[name](film))
            for image, film in films.items()
        }
    )
    found = find_duplicates(join_prints([originals, copies]))
    pairs = set(zip(found.first.tolist(), found.second.tolist(), strict=True))
    assert pairs == {(i, i + len(films)) for i in range(len(films))}
    assert found.mirrored[~found.exact].all() == (name == 'mirrored')
    assert found.negative[~found.exact].all() == (name == 'negative')
    assert (found.similarity >= THRESHOLD).all()


def test_real_films_are_no_copies_of_each_other(films):
    assert len(find_duplicates(prints_of(films))) == 0


def test_exact_copies_form_a_star_and_near_ones_join(drawn):
    film = drawn(1)
    films = {'a': drawn(2), 'b': film, 'c': film.copy(), 'd': jpeg(film, 60), 'e': film}
    found = find_duplicates(prints_of(films))
    pairs = zip(found.first, found.second, found.exact, strict=True)
    assert sorted(pairs) == [(1, 2, True), (1, 3, False), (1, 4, True)]
    assert found.groups(5).tolist() == [0, 1, 1, 1, 1]
    assert find_duplicates(prints_of({})).groups(3).tolist() == [0, 1, 2]


def test_two_films_alone(drawn):
    """Of two films the median lies between them; the reference keeps them together."""
    film = drawn(4)
    assert len(find_duplicates(prints_of(dict(a=film, b=jpeg(film, 50))))) == 1
    assert len(find_duplicates(prints_of(dict(a=film, b=drawn(5))))) == 0


def test_threads_and_progress_change_nothing(films):
    both = dict(list(films.items())[:20])
    both |= {f'{name} copy': jpeg(film, 50) for name, film in both.items()}
    said = []
    one = find_duplicates(prints_of(both))
    other = find_duplicates(
        prints_of(both), workers=2, progress=lambda *n: said.append(n)
    )
    assert np.array_equal(one.similarity, other.similarity) and len(one) == 20
    assert said and said[-1][0] == said[-1][1]


def test_groups_against_naive_joining():
    rng = np.random.default_rng(0)
    first, second = np.sort(rng.choice(40, (2, 15)), 0)
    nothing = np.zeros(15, bool)
    found = DuplicatePairs(first, second, nothing, nothing, nothing, nothing)
    label = list(range(40))
    for _ in range(40):
        for i, j in zip(first, second, strict=True):
            label[i] = label[j] = min(label[i], label[j])
    assert found.groups(40).tolist() == label


def test_ranks():
    rng = np.random.default_rng(1)
    thumbs = rng.integers(0, 256, (3, 64, 64), np.uint8)
    ranks = equalised(thumbs)
    assert np.allclose(ranks.mean((1, 2)), 0, atol=1e-6) and abs(ranks).max() < 0.5
    assert np.allclose(equalised(255 - thumbs), -ranks, atol=1e-6)
    # Any increasing change of grey levels leaves them alone.
    assert np.allclose(equalised(thumbs // 2 + 100), equalised(thumbs // 2))
    flat = thumbs[0].ravel()
    below = [(flat < g).sum() + (flat == g).sum() / 2 for g in flat[:50]]
    assert np.allclose(
        ranks[0].ravel()[:50], np.array(below) / flat.size - 0.5, atol=1e-6
    )


def test_frequencies_are_cosine_sums():
    rng = np.random.default_rng(2)
    values = rng.normal(size=(2, 64, 64)).astype(np.float32)
    views = np.array([[0.0, 1, 0, 1], [0.25, 0.75, 0.125, 1]])
    found = frequencies(values, views)
    for number, (top, bottom, left, right) in enumerate(views):
        for place in (0, 1, 7, 30, 63):
            u, v = codes._ORDER[place]
            total = count = 0
            for y in range(64):
                for x in range(64):
                    row = ((y + 0.5) / 64 - top) / (bottom - top)
                    column = ((x + 0.5) / 64 - left) / (right - left)
                    if 0 <= row <= 1 and 0 <= column <= 1:
                        wave = np.cos(np.pi * u * row) * np.cos(np.pi * v * column)
                        total, count = total + wave * values[number, y, x], count + 1
            assert found[number, place] == pytest.approx(total / count, abs=1e-5)
    mirrored = frequencies(values[:1, :, ::-1].copy(), WHOLE)
    signs = (-1.0) ** codes._COLUMNS
    assert np.allclose(mirrored, signs * frequencies(values[:1], WHOLE), atol=1e-6)


def test_codes_and_their_middle():
    bits = np.zeros((2, 64), bool)
    bits[1, [0, 9, 63]] = True
    packed = pack_codes(bits)
    assert packed.dtype == np.uint64 and np.bitwise_count(packed).tolist() == [0, 3]
    middle, spread = spread_of(np.zeros((0, 64), np.float32))
    assert np.allclose(middle, reference()[0]) and np.allclose(spread, reference()[1])
    many = np.random.default_rng(0).normal(5, 2, (60_000, 64)).astype(np.float32)
    middle, spread = spread_of(many)
    assert abs(middle - 5).max() < 0.05 and abs(spread - 2 * 0.6745).max() < 0.05


def test_candidates_name_the_view(drawn):
    tall = drawn(1, 300, 200)
    found = find_candidates(prints_of(dict(a=square(tall), b=tall)))
    assert (found.first.tolist(), found.second.tolist()) == ([0], [1])
    assert np.allclose(found.views, [[1 / 6, 5 / 6, 0, 1]], atol=0.01)
    assert not found.mirrored.any() and not found.negative.any()


def test_similarity(drawn):
    one, other = equalised(prints_of(dict(a=drawn(1), b=drawn(2))).thumbs)
    view = WHOLE[0]
    assert similarity(one, one, view) == pytest.approx(1, abs=1e-3)
    assert similarity(one, -one, view) <= 0
    assert similarity(one, other, view) < 0.4
    part = equalised(prints_of(dict(a=cut(drawn(1), 0.1, 0.15, 0.05, 0.1))).thumbs)[0]
    assert similarity(part, one, np.array([0.1, 0.85, 0.05, 0.9])) > 0.85
    # What is written over a copy spoils the places where it stands.
    written = one.copy()
    written[:8] = np.random.default_rng(0).normal(size=(8, 64))
    assert similarity(written, one, view) > THRESHOLD
    flat = np.zeros((64, 64), np.float32)
    assert similarity(flat, one, view) == 0
