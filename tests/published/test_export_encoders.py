"""ResNets, DenseNets and CLIPs compute the same in the library they are exported to."""

from functools import partial

import pytest
import torch
from published.clip_files import IMAGE, clip_file, clip_model
from published.gloria_files import gloria_file, small_resnet
from published.published_files import perturbed, prefixed, resnet_model
from published.vit_files import mrm_file, timm_vit
from torch import nn

from mmcxr.engine.checkpoint import load_strict
from mmcxr.engine.exporting import export_checkpoint
from mmcxr.published import ConversionError, convert
from mmcxr.published.export.export import export
from mmcxr.registry import MODELS
from mmcxr.torchvision_schema import ensure_torchvision

ensure_torchvision()
import timm  # noqa: E402
from timm.models.vision_transformer import VisionTransformer  # noqa: E402

FILMS = torch.randn(2, 3, 64, 64)


class QuickGELU(nn.Module):
    def forward(self, x):
        return x * torch.sigmoid(1.702 * x)


def classifier(backbone, channels):
    """A fine-tuned model with what its checkpoint holds."""
    model = dict(type='FilmClassifier', backbone=backbone)
    head = dict(type='MultiLabelHead', num_classes=3, in_channels=channels)
    model = perturbed(MODELS.build(dict(model, head=head)))
    return model, dict(state_dict=dict(model.state_dict()), meta=dict(epoch=1))


def encoder_of(state_dict):
    return {
        key.removeprefix('image_backbone.'): value
        for key, value in state_dict.items()
        if key.startswith('image_backbone.')
    }


@torch.no_grad()
@pytest.mark.parametrize('depth', [50, 18])
def test_gloria_resnet_in_torchvision_and_timm(depth):
    state_dict, _ = convert(gloria_file(depth))
    reference = resnet_model() if depth == 50 else small_resnet()
    for to in ('torchvision', 'timm'):
        content, dropped = export(dict(state_dict=state_dict), to)
        expected = {k: v for k, v in reference.state_dict().items() if k[:3] != 'fc.'}
        assert content.keys() == expected.keys()
        assert all(torch.equal(content[key], expected[key]) for key in expected)
        sides = {key.split('.')[0] for key in dropped}
        assert {'image_projection', 'text_backbone'} <= sides
    model = timm.create_model(f'resnet{depth}', num_classes=0)
    model.load_state_dict(content)
    features = nn.Sequential(*list(reference.children())[:-1])(FILMS).flatten(1)
    torch.testing.assert_close(model.eval()(FILMS), features, rtol=1e-4, atol=1e-5)


@torch.no_grad()
@pytest.mark.parametrize(
    ('backbone', 'channels', 'name'),
    [
        (dict(type='mmpretrain.ResNet', depth=18, out_indices=(3,)), 512, 'resnet18'),
        (dict(type='mmpretrain.DenseNet', arch='121'), 1024, 'densenet121'),
    ],
)
def test_fine_tuned_convolutional_models(backbone, channels, name):
    from torchvision import models

    ours, checkpoint = classifier(backbone, channels)
    expected = ours(dict(image=FILMS))
    content, dropped = export(checkpoint, 'torchvision')
    assert not dropped
    for made in (
        getattr(models, name)(num_classes=3),
        timm.create_model(name, num_classes=3),
    ):
        made.load_state_dict(content)
        found = made.eval()(FILMS)
        torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)
    content, _ = export(checkpoint, 'mmpretrain', classes=['a', 'b', 'c'])
    assert content['meta']['dataset_meta']['classes'] == ['a', 'b', 'c']
    neck = dict(type='GlobalAveragePooling')
    head = dict(type='MultiLabelLinearClsHead', num_classes=3, in_channels=channels)
    model = MODELS.build(
        dict(type='mmpretrain.ImageClassifier', _scope_='mmpretrain',
             backbone=backbone, neck=neck, head=head)
    )  # fmt: skip
    load_strict(model, content)
    found = model.eval()(FILMS, mode='tensor')
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)


def test_file_of_an_encoder_alone(tmp_path):
    weights = {k: v for k, v in small_resnet().state_dict().items() if k[:3] != 'fc.'}
    torch.save(weights, tmp_path / 'resnet.pt')
    assert not export_checkpoint(tmp_path / 'resnet.pt', 'timm', tmp_path / 'out.pt')
    model = timm.create_model('resnet18', num_classes=0)
    model.load_state_dict(torch.load(tmp_path / 'out.pt'))
    assert torch.equal(model.layer4[0].conv1.weight, weights['layer4.0.conv1.weight'])


def clip_in_timm(num_classes):
    return VisionTransformer(
        img_size=64, patch_size=16, embed_dim=128, depth=3, num_heads=2, pre_norm=True,
        mlp_ratio=80 / 128, act_layer=QuickGELU,
        norm_layer=partial(nn.LayerNorm, eps=1e-5),
        global_pool='token', num_classes=num_classes,
    ).eval()  # fmt: skip


@torch.no_grad()
def test_clip_in_timm():
    state_dict, _ = convert(clip_file())
    content, _ = export(dict(state_dict=state_dict), 'timm')
    model = clip_in_timm(32)
    model.load_state_dict(content)
    pooled = clip_model().vision_model(FILMS).pooler_output
    expected = clip_model().visual_projection(pooled)
    torch.testing.assert_close(model(FILMS), expected, rtol=1e-4, atol=1e-5)


@torch.no_grad()
def test_fine_tuned_clip():
    """Projection and head are one layer there."""
    arch = dict(embed_dims=128, num_layers=3, num_heads=2, feedforward_channels=80)
    backbone = dict(type='CLIPViT', arch=arch, img_size=64, patch_size=16)
    ours, checkpoint = classifier(dict(backbone, out_channels=32), 32)
    expected = ours(dict(image=FILMS))
    content, _ = export(checkpoint, 'timm')
    model = clip_in_timm(3)
    model.load_state_dict(content)
    torch.testing.assert_close(model(FILMS), expected, rtol=1e-4, atol=1e-5)
    content, dropped = export(checkpoint, 'mmpretrain')
    assert not dropped
    act = dict(act_cfg=dict(type='mmpretrain.QuickGELU'))
    vit = dict(type='VisionTransformer', arch=arch, img_size=64, patch_size=16,
               pre_norm=True, norm_cfg=dict(type='LN', eps=1e-5),
               layer_cfgs=act)  # fmt: skip
    head = dict(type='MultiLabelLinearClsHead', num_classes=3, in_channels=128)
    model = MODELS.build(
        dict(type='mmpretrain.ImageClassifier', _scope_='mmpretrain', backbone=vit,
             head=head)
    )  # fmt: skip
    load_strict(model, content)
    found = model.eval()(FILMS, mode='tensor')
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)


@torch.no_grad()
def test_clip_in_transformers(tmp_path):
    from transformers import CLIPModel, CLIPVisionModelWithProjection

    torch.save(clip_file(), tmp_path / 'clip.pt')
    dropped = export_checkpoint(tmp_path / 'clip.pt', 'hf', tmp_path / 'hf')
    assert not dropped
    found, info = CLIPModel.from_pretrained(tmp_path / 'hf', output_loading_info=True)
    assert not info['missing_keys'] and not info['unexpected_keys']
    reference = clip_model()
    # quick_gelu is the default there, and of the file.
    assert found.config.vision_config.hidden_act == 'quick_gelu'
    for key, value in reference.state_dict().items():
        torch.testing.assert_close(found.state_dict()[key], value, rtol=0, atol=0)
    ids = torch.tensor([[49406, 320, 4, 49407, 0, 0]])
    for side in (found.eval(), reference):
        text = side(input_ids=ids, pixel_values=FILMS)
        side.result = text.text_embeds, text.image_embeds
    torch.testing.assert_close(found.result[1], reference.result[1])
    torch.testing.assert_close(found.result[0], reference.result[0])
    state_dict, _ = convert(clip_file())
    image = {k: v for k, v in state_dict.items() if k.startswith('image_backbone.')}
    torch.save(dict(state_dict=image, meta={}), tmp_path / 'image.pth')
    export_checkpoint(tmp_path / 'image.pth', 'hf', tmp_path / 'image')
    found = CLIPVisionModelWithProjection.from_pretrained(tmp_path / 'image').eval()
    embeds = found(FILMS).image_embeds
    expected = reference.visual_projection(reference.vision_model(FILMS).pooler_output)
    torch.testing.assert_close(embeds, expected, rtol=1e-4, atol=1e-5)
    assert found.config.image_size == IMAGE['image_size']


@torch.no_grad()
def test_vision_transformer_in_transformers(tmp_path):
    from transformers import ViTModel

    reference = timm_vit()
    torch.save(mrm_file(reference), tmp_path / 'MRM.pth')
    export_checkpoint(tmp_path / 'MRM.pth', 'hf', tmp_path / 'hf')
    found, info = ViTModel.from_pretrained(
        tmp_path / 'hf', add_pooling_layer=False, output_loading_info=True
    )
    assert not info['missing_keys'] and not info['unexpected_keys']
    tokens = found.eval()(FILMS).last_hidden_state
    expected = reference.forward_features(FILMS)
    torch.testing.assert_close(tokens, expected, rtol=1e-4, atol=1e-4)


@torch.no_grad()
def test_safetensors_keeps_everything(tmp_path):
    from safetensors.torch import load_file

    torch.save(gloria_file(18), tmp_path / 'r18.ckpt')
    out = tmp_path / 'r18.safetensors'
    assert not export_checkpoint(tmp_path / 'r18.ckpt', 'safetensors', out)
    state_dict, _ = convert(gloria_file(18))
    found = load_file(out)
    assert found.keys() == state_dict.keys()
    assert all(torch.equal(found[key], state_dict[key]) for key in state_dict)
    backbone = MODELS.build(
        dict(type='mmpretrain.ResNet', depth=18, out_indices=(3,),
             init_cfg=dict(type='mmcxr.Pretrained', checkpoint=str(out),
                           prefix='image_backbone.'))
    )  # fmt: skip
    backbone.init_weights()
    expected = encoder_of(state_dict)
    for key, value in backbone.state_dict().items():
        assert torch.equal(value, expected[key]), key


def test_what_other_libraries_have_no_place_for():
    state_dict, _ = convert(clip_file())
    for to in ('torchvision', 'mmseg'):
        with pytest.raises(ConversionError, match="CLIP's vision .* is not exported"):
            export(dict(state_dict=state_dict), to)
    encoder = prefixed('backbone.', encoder_of(convert(gloria_file(18))[0]))
    norm = {f'head.norm.{k}': v for k, v in nn.LayerNorm(512).state_dict().items()}
    with pytest.raises(ConversionError, match='a norm between the pooling and the'):
        export(encoder | norm, 'torchvision')
    del state_dict['image_backbone.projection.weight']
    with pytest.raises(ConversionError, match="without CLIP's projection"):
        export(state_dict, 'hf')
