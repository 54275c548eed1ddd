"""The pixel decoder against mmpretrain's, which decodes all patches in place."""

import pytest
import torch

from mmcxr.models.necks import PixelDecoder
from mmcxr.models.positions import sincos_table

B, GRID, N, K = 2, (3, 5), 15, 4


@pytest.fixture
def decoder():
    torch.manual_seed(0)
    decoder = PixelDecoder(
        in_channels=24,
        grid=GRID,
        patch_size=8,
        embed_dims=16,
        num_layers=2,
        num_heads=2,
        pos_table='mrm',
    )
    decoder.init_weights()
    for parameter in decoder.parameters():
        parameter.data.add_(0.05 * torch.randn_like(parameter))
    return decoder.eval()


@pytest.fixture
def batch():
    order = torch.stack([torch.randperm(N) for _ in range(B)])
    return torch.randn(B, 1 + K, 24), order


def test_same_as_decoding_all_in_place(decoder, batch):
    from mmpretrain.models.necks import MAEPretrainDecoder

    latent, order = batch
    expected = MAEPretrainDecoder.forward(decoder, latent, order.argsort(dim=1))
    found = decoder.restore(latent, order)
    assert found.shape == (B, N, 3 * 8 * 8)
    torch.testing.assert_close(found, expected)
    masked = decoder(latent, order)
    assert masked.shape == (B, N - K, 3 * 8 * 8)
    for film in range(B):
        torch.testing.assert_close(masked[film], expected[film, order[film, K:]])


def test_last_layer_sees_masked_patches_alone(decoder, batch):
    seen = []
    decoder.decoder_pred.register_forward_pre_hook(
        lambda module, args: seen.append(tuple(args[0].shape))
    )
    decoder(*batch)
    assert seen == [(B, N - K, 16)]


def test_start():
    decoder = PixelDecoder(768, (14, 14), num_layers=1)
    assert decoder.decoder_pred.out_features == 3072
    for kind in ('mae', 'mrm'):
        decoder.pos_table = kind
        decoder._is_init = False
        decoder.init_weights()
        table = sincos_table((14, 14), 768, kind)
        assert torch.equal(decoder.decoder_pos_embed, table)
    assert not decoder.decoder_pos_embed.requires_grad
    assert 0.015 < decoder.mask_token.std() < 0.025
    assert not decoder.decoder_embed.bias.any()
    assert [block.attn.head_dims for block in decoder.decoder_blocks] == [128]


def test_start_from_a_file(decoder, tmp_path):
    torch.save(decoder.state_dict(), tmp_path / 'x.pth')
    init_cfg = dict(type='mmcxr.Pretrained', checkpoint=str(tmp_path / 'x.pth'))
    again = PixelDecoder(24, GRID, 8, 16, 2, 2, init_cfg=init_cfg)
    again.init_weights()
    for key, value in decoder.state_dict().items():
        assert torch.equal(again.state_dict()[key], value), key
