import random

import pytest

from mmcxr.datasets.texts.sentences import clean_report, split_sentences


@pytest.mark.parametrize(
    'text, sentences',
    [
        ('Clear lungs. No effusion.', ['Clear lungs.', 'No effusion.']),
        ('A 2.5 cm nodule. It is new.', ['A 2.5 cm nodule.', 'It is new.']),
        ('Nodule of 5 cm. No mass.', ['Nodule of 5 cm.', 'No mass.']),
        ('Nodule of 5 cm. in size.', ['Nodule of 5 cm. in size.']),
        (
            'Told to Dr. J. Smith at 9 a.m. by phone. Seen by Dr. ___.',
            ['Told to Dr. J. Smith at 9 a.m. by phone.', 'Seen by Dr. ___.'],
        ),
        (
            '1. No change. 2. Small effusion vs. thickening. 3. Old fracture',
            ['1. No change.', '2. Small effusion vs. thickening.', '3. Old fracture'],
        ),
        (
            'IMPRESSION: 1. Edema. (2) Tube, i.e. the tip, is high.',
            ['IMPRESSION: 1. Edema.', '(2) Tube, i.e. the tip, is high.'],
        ),
        ('no effusion. heart is normal.', ['no effusion.', 'heart is normal.']),
        ('Pneumonia? Edema! Neither.', ['Pneumonia?', 'Edema!', 'Neither.']),
        (
            'No. 14 French tube. No. Fig. 2 shows it.',
            ['No. 14 French tube.', 'No.', 'Fig. 2 shows it.'],
        ),
        ('Hepatitis C. No ascites.', ['Hepatitis C.', 'No ascites.']),
        ('Compared to ___. No change.', ['Compared to ___.', 'No change.']),
        ('He said "clear lungs." Done.', ['He said "clear lungs."', 'Done.']),
        ('XXXX. . No pneumothorax.', ['XXXX. .', 'No pneumothorax.']),
        ('- No effusion\n- Heart normal', ['- No effusion', '- Heart normal']),
        (
            'Lungs are\n clear\n \n Heart is large',
            ['Lungs are clear', 'Heart is large'],
        ),
        ('  \n ', []),
    ],
)
def test_split(text, sentences):
    assert split_sentences(text) == sentences


def test_nothing_is_lost():
    draw = random.Random(0)
    parts = ['No', 'effusion', '2.5', 'cm.', '1.', 'Dr.', '.', 'T12.', '___.', 'e.g.']
    for _ in range(300):
        text = ' '.join(draw.choices(parts, k=draw.randint(1, 11)))
        assert ' '.join(split_sentences(text)) == text


def test_clean_report():
    text = ' Compared to ___ , the\n heart (see ____) is\tlarge .'
    assert clean_report(text) == 'Compared to, the heart (see) is large.'
    assert clean_report('seen on ___.', mark='a date') == 'seen on a date.'
    assert clean_report('chest x-XXXX, T_1') == 'chest x-XXXX, T_1'
