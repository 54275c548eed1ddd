import os

import numpy as np
import pytest
import torch
from PIL import Image
from torch.utils.data import DataLoader

from mmcxr.datasets.collate import collate_studies
from mmcxr.datasets.transforms.formatting import PackStudy
from mmcxr.registry import FUNCTIONS, TRANSFORMS


def sample(number, shape=(2, 5, 3), lengths=(3, 4), **more):
    rng = np.random.default_rng(number)
    results = dict(
        img=rng.integers(0, 256, shape, dtype=np.uint8),
        input_ids=[rng.integers(5, 50, length) for length in lengths],
        gt_label=rng.normal(size=7),
        image=f'{number}.png',
    )
    return PackStudy()({**results, **more})


def test_shapes_and_padding():
    batch = [sample(0, lengths=(3, 6)), sample(1, lengths=(1, 2)), sample(2)]
    data = FUNCTIONS.get('collate_studies')(batch, pad_token_id=1)
    inputs = data['inputs']
    assert inputs['image'].shape == (3, 2, 1, 5, 3)
    assert inputs['image'].dtype == torch.uint8
    assert inputs['input_ids'].shape == inputs['attention_mask'].shape == (3, 2, 6)
    assert inputs['input_ids'].dtype == inputs['attention_mask'].dtype == torch.int64
    for b, packed in enumerate(batch):
        for t, ids in enumerate(packed['inputs']['input_ids']):
            row, mask = inputs['input_ids'][b, t], inputs['attention_mask'][b, t]
            assert row[: len(ids)].equal(ids) and (row[len(ids) :] == 1).all()
            assert mask.tolist() == [1] * len(ids) + [0] * (6 - len(ids))
    assert [s.image for s in data['data_samples']] == ['0.png', '1.png', '2.png']


def test_padding_is_zero_unless_told():
    ids = collate_studies([sample(0, lengths=(2, 5))])['inputs']['input_ids']
    assert ids[0, 0, 2:].tolist() == [0, 0, 0]


def test_without_texts():
    data = collate_studies([sample(i, shape=(5, 3), lengths=()) for i in range(4)])
    assert list(data['inputs']) == ['image']
    assert data['inputs']['image'].shape == (4, 1, 5, 3)


def masked(number, lengths=(3,), patches=6):
    """A sample of masked record modelling."""
    targets = [np.arange(5, 5 + length) for length in lengths]
    noise = np.random.default_rng(number).random(patches, dtype=np.float32)
    ids = [np.where(t % 2, t, 3) for t in targets]
    return sample(number, (5, 3), input_ids=ids, target_ids=targets, patch_noise=noise)


@pytest.mark.parametrize(('pad_to', 'length'), [(None, 4), (4, 4), (9, 9)])
def test_masked_ids_targets_and_noise(pad_to, length):
    batch = [masked(0, (4,)), masked(1, (2,)), masked(2, (3,))]
    inputs = collate_studies(batch, pad_token_id=1, pad_to=pad_to)['inputs']
    assert inputs['image'].shape == (3, 1, 5, 3)
    for key in ('input_ids', 'target_ids', 'attention_mask'):
        assert inputs[key].shape == (3, 1, length) and inputs[key].dtype == torch.int64
    assert inputs['input_ids'][0, 0].tolist()[:4] == [5, 3, 7, 3]
    assert inputs['target_ids'][0, 0].tolist()[:4] == [5, 6, 7, 8]
    assert (inputs['target_ids'][1, 0, 2:] == 1).all()
    assert inputs['attention_mask'].sum((1, 2)).tolist() == [4, 2, 3]
    assert inputs['patch_noise'].shape == (3, 6)
    assert inputs['patch_noise'].dtype == torch.float32
    assert inputs['patch_noise'][2].equal(batch[2]['inputs']['patch_noise'])


def test_a_text_above_pad_to_is_named():
    with pytest.raises(ValueError, match=r"'1.png' has a text of 5 tokens.*pad_to=4"):
        collate_studies([masked(0, (4, 4)), masked(1, (3, 5))], pad_to=4)
    with pytest.raises(ValueError, match="number of patches: '0.png' has 6, .* has 7"):
        collate_studies([masked(0), masked(1, patches=7)])
    with pytest.raises(ValueError, match="number of texts: '0.png' has 1, '1.png' has"):
        collate_studies([masked(0), sample(1, (5, 3), lengths=(3,))])


def test_labels_keep_their_values_and_sizes():
    batch = [sample(0), sample(1, gt_label=[1, -1]), sample(2)]
    wanted = [s['data_samples'].gt_label.clone() for s in batch]
    found = [s.gt_label for s in collate_studies(batch)['data_samples']]
    assert all(a.equal(b) for a, b in zip(wanted, found, strict=True))


def test_unequal_samples_are_named():
    with pytest.raises(
        ValueError, match=r"one film: '0.png' has .*'3.png' has \(2, 1, 5"
    ):
        collate_studies([sample(0), sample(3, shape=(2, 5, 4))])
    with pytest.raises(
        ValueError, match="number of texts: '0.png' has 2, '3.png' has 1"
    ):
        collate_studies([sample(0), sample(3, lengths=(4,))])


def test_pinned_memory_reaches_the_inputs(monkeypatch):
    """What torch's pin_memory walks through is what the model is given."""
    from torch.utils.data._utils.pin_memory import pin_memory

    pinned = []
    monkeypatch.setattr(
        torch.Tensor, 'pin_memory', lambda self, *args: pinned.append(self) or self
    )
    data = collate_studies([sample(0)])
    assert pin_memory(data)['data_samples'][0] is data['data_samples'][0]
    assert {id(t) for t in pinned} >= {id(t) for t in data['inputs'].values()}


class Samples:
    def __len__(self):
        return 512

    def __getitem__(self, index):
        return sample(index)


def test_a_batch_opens_few_files():
    """One shared block for all labels, not one for each sample."""
    loader = DataLoader(
        Samples(), 256, num_workers=1, collate_fn=collate_studies, prefetch_factor=1
    )
    before = len(os.listdir('/proc/self/fd'))
    batch = next(iter(loader))
    assert len(os.listdir('/proc/self/fd')) - before < 40
    labels = [s.gt_label for s in batch['data_samples']]
    assert len({label.untyped_storage().data_ptr() for label in labels}) == 1
    assert all(
        label.equal(sample(i)['data_samples'].gt_label)
        for i, label in enumerate(labels[:5])
    )


@pytest.mark.parametrize('pack', ['PackFilm', 'PackStudy'])
def test_jitter_travels_to_the_device(pack):
    draws = np.arange(12, dtype=np.float32).reshape(4, 3)
    samples = [dict(img=np.full((6, 5), 7, np.uint8), jitter=row) for row in draws]
    packed = [TRANSFORMS.build(dict(type=pack))(sample) for sample in samples]
    assert torch.equal(
        collate_studies(packed)['inputs']['jitter'], torch.from_numpy(draws)
    )
    plain = TRANSFORMS.build(dict(type=pack))(dict(img=samples[0]['img']))
    with pytest.raises(ValueError, match='one kind of jitter'):
        collate_studies([*packed, plain])


def test_jitter_of_each_view(tmp_path):
    film = np.arange(48, dtype=np.uint8).reshape(6, 8)
    Image.fromarray(film).save(tmp_path / 'a.png')
    views = [dict(img_path=str(tmp_path / 'a.png'), image='a.png', view='PA')]
    steps = [dict(type='LoadFilm'), dict(type='GreyJitter', on_device=True)]
    study = dict(views=views, study_id='s')
    study = TRANSFORMS.build(dict(type='MultiView', transforms=steps))(study)
    packed = TRANSFORMS.build(dict(type='PackStudy'))(study)
    jitter = collate_studies([packed, packed])['inputs']['jitter']
    assert jitter.shape == (2, 2, 3) and not torch.equal(jitter[0, 0], jitter[0, 1])
