"""Exchanging left and right in reports."""

import pytest

from mmcxr.datasets.texts.laterality import swap_sides
from mmcxr.synthetic.plan import plan_patient, stream
from mmcxr.synthetic.report import write_report


@pytest.mark.parametrize(
    ('text', 'expected'),
    [
        ('Small left pleural effusion.', 'Small right pleural effusion.'),
        ('Right base, LEFT apex, left lung.', 'Left base, RIGHT apex, right lung.'),
        ('A left-sided tube; rightward shift.', 'A right-sided tube; leftward shift.'),
        ('leftwards, rightmost; left/right', 'rightwards, leftmost; right/left'),
        ('Left greater than right.', 'Right greater than left.'),
        ('the right middle lobe (RML)', 'the left middle lobe (LML)'),
        ('LLL, RUL, LIJ; RUQ clips', 'RLL, LUL, RIJ; LUQ clips'),
        ('L>R effusions, R < L', 'R>L effusions, L < R'),
        ('L-sided, R base, L IJ line', 'R-sided, L base, R IJ line'),
        ('Lt. lung, rt hilum', 'Rt. lung, lt hilum'),
        ('Levoscoliosis, dextroconvex', 'Dextroscoliosis, levoconvex'),
        ('left\nright', 'right\nleft'),
        ('___left___', '___right___'),
        ('Right atrium, left ventricle.', 'Left atrium, right ventricle.'),
    ],
)
def test_sides_change_and_change_back(text, expected):
    assert swap_sides(text) == expected
    assert swap_sides(expected) == text


@pytest.mark.parametrize(
    'text',
    [
        'The heart is enlarged. Bilateral effusions.',
        'The patient has left the hospital.',
        'Patient left against medical advice.',
        'pt. left AMA; she left before the study',
        'The catheter was left in place.',
        'A drain left in situ, the wound left open.',
        'Was left with a small residual effusion.',
        'right now, right away, at right angles, right-handed, left-handed',
        'copyright, leftover, bright, lefty, Wright, cleft',
        '3 L of oxygen, R/O pneumonia, L-spine, L1, RT, LT, T12-L1, LL Bean',
        'levofloxacin, dextrose',
        '',
    ],
)
def test_what_names_no_side_stays(text):
    assert swap_sides(text) == text


@pytest.mark.parametrize(
    ('text', 'expected'),
    [
        ('The patient has left pleural fluid.', 'The patient has right pleural fluid.'),
        ('has left lower lobe collapse', 'has right lower lobe collapse'),
        ('on the left the angle is blunt', 'on the right the angle is blunt'),
        ('on the left in place of it', 'on the right in place of it'),
        ('effusion, left, the larger one', 'effusion, right, the larger one'),
        ('a tube on the right after drainage', 'a tube on the left after drainage'),
    ],
)
def test_sides_that_look_like_verbs(text, expected):
    assert swap_sides(text) == expected


def test_synthetic_reports_come_back():
    changed = 0
    for patient in range(60):
        for study in plan_patient(0, patient)[1]:
            report = write_report(study, stream(0, patient, study.number, 1))
            for text in (report.findings, report.impression):
                swapped = swap_sides(text)
                assert swap_sides(swapped) == text
                words = swapped.lower().replace('-', ' ').split()
                for one, other in (('left', 'right'), ('right', 'left')):
                    before = text.lower().replace('-', ' ').split().count(one)
                    assert words.count(other) == before
                changed += swapped != text
    assert changed > 40
