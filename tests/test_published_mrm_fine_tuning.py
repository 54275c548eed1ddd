"""MRM's published files through the fine-tuning configs, at full size."""

import json

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from published.vit_files import fine_tuned_vit, mrm_file, timm_vit

from mmcxr.datasets.public.chest_xray14 import CHEST_XRAY14_CLASSES
from mmcxr.engine.launch import test as evaluate
from mmcxr.engine.launch import train

FOLDER = 'configs/benchmarks/classification/chestx-ray14'
NUM_TEST = 5
QUICK = {
    'train_dataloader.batch_size': 2,
    'train_dataloader.num_workers': 0,
    'train_dataloader.persistent_workers': False,
    'val_dataloader.num_workers': 0,
    'val_dataloader.persistent_workers': False,
    'test_dataloader.num_workers': 0,
    'train_cfg.max_iters': 1,
    'log_level': 'ERROR',
}


@pytest.fixture
def chestx_ray14(synthetic_dir, tmp_path, monkeypatch):
    """Synthetic films with the columns of ChestX-ray14, in lists named `mrm`."""
    data = tmp_path / 'data/chestx-ray14'
    (data / 'splits').mkdir(parents=True)
    (data / 'images').symlink_to(synthetic_dir / 'images')
    columns = ['image', 'patient_id', 'study_id', 'view']
    table = pd.read_csv(synthetic_dir / 'table.csv')[columns].iloc[: NUM_TEST + 6]
    labels = np.random.default_rng(0).integers(0, 2, (len(table), 14))
    labels = pd.DataFrame(labels, columns=CHEST_XRAY14_CLASSES, index=table.index)
    pd.concat([table, labels], axis=1).to_csv(data / 'table.csv', index=False)
    splits = ['test'] * NUM_TEST + ['train', 'train', 'train', 'train', 'val', 'val']
    table.assign(split=splits)[['image', 'split']].to_csv(
        data / 'splits/mrm.csv', index=False
    )
    monkeypatch.chdir(tmp_path)
    return data


def prepared(path) -> torch.Tensor:
    """(3, 224, 224) as MRM's validation makes it, with torchvision."""
    from torchvision.transforms import functional as F

    film = F.resize(Image.open(path).convert('RGB'), 224)
    pixels = F.to_tensor(F.to_grayscale(F.center_crop(film, 224), 3))
    return F.normalize(pixels, [0.4978] * 3, [0.2449] * 3)


def test_fine_tuned_file_through_the_command(chestx_ray14, repo_dir, tmp_path):
    """Scores per film are those of timm on the released preprocessing."""
    model = fine_tuned_vit(14)
    torch.save(dict(model.state_dict()), 'nih_bestauc_checkpoint.bin')
    config = str(repo_dir / FOLDER / 'finetune.py')
    checkpoint = 'nih_bestauc_checkpoint.bin'
    assert evaluate(config, checkpoint, 'out', cfg_options=QUICK) == 0
    scores = pd.read_csv(tmp_path / 'out/scores.csv.gz')
    assert len(scores) == NUM_TEST
    films = [prepared(chestx_ray14 / 'images' / image) for image in scores['image']]
    with torch.no_grad():
        wanted = model(torch.stack(films)).sigmoid().numpy()
    found = scores[[f'score_{name}' for name in CHEST_XRAY14_CLASSES]].to_numpy()
    np.testing.assert_allclose(found, wanted, atol=1e-5)
    results = json.loads((tmp_path / 'out/results.json').read_text())
    assert results['spec']['model']['checkpoint'] == checkpoint


@pytest.mark.slow
def test_a_file_of_other_classes_is_refused(chestx_ray14, repo_dir, capsys):
    torch.save(dict(fine_tuned_vit(5).state_dict()), 'chexpert.bin')
    config = str(repo_dir / FOLDER / 'finetune.py')
    assert evaluate(config, 'chexpert.bin', 'out', cfg_options=QUICK) == 2
    error = capsys.readouterr().err
    assert 'head.fc.weight' in error and error.count('\n') == 1


@pytest.mark.slow
def test_fine_tuning_starts_from_the_published_encoder(chestx_ray14, repo_dir):
    vit = timm_vit(embed_dim=768, depth=12, num_heads=12, img_size=224)
    torch.save(mrm_file(vit, patches=196), 'MRM.pth')
    options = {**QUICK, 'model.backbone.init_cfg.checkpoint': 'MRM.pth'}
    options['train_dataloader.dataset.fraction'] = 0.01
    config = str(repo_dir / FOLDER / 'finetune.py')
    share = {'train_dataloader.dataset.fraction': 1.0}
    assert train(config, 'tuned', cfg_options=options | share) == 0
    tuned = torch.load('tuned/iter_1.pth', weights_only=False)['state_dict']
    start = vit.state_dict()
    for ours, theirs in (
        ('backbone.layers.11.ffn.layers.1.weight', 'blocks.11.mlp.fc2.weight'),
        ('backbone.pos_embed', 'pos_embed'),
        ('backbone.patch_embed.projection.weight', 'patch_embed.proj.weight'),
    ):
        change = (tuned[ours] - start[theirs]).abs().max()
        assert change < 1e-3  # one small step away
    assert not any(key.startswith('backbone.ln1') for key in tuned)
    assert (tuned['head.norm.weight'] - 1).abs().max() < 1e-3
