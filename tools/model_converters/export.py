"""Write the image encoder of a checkpoint for another library.

    python tools/model_converters/export.py MRM.pth --to timm --out vit.pth

FILE is a checkpoint of ours (pre-trained or fine-tuned) or a published one; the head
of a fine-tuned model goes along where the library has a place for it. OUT is loaded by

torchvision, timm, a ResNet or DenseNet: resnet50(), densenet121()
    .load_state_dict(torch.load(OUT), strict=False), or timm.create_model('resnet50',
    num_classes=0).load_state_dict(torch.load(OUT)).
timm, a vision transformer: VisionTransformer(patch_size=16, embed_dim=768, depth=12,
    num_heads=12, qkv_bias=True, norm_layer=partial(nn.LayerNorm, eps=1e-6),
    global_pool='avg').load_state_dict(torch.load(OUT)['model'], strict=False); the file
    of a fine-tuned model is the bare state dict, head included. CheXzero's:
    timm.create_model('vit_base_patch32_clip_quickgelu_224', num_classes=512)
    .load_state_dict(torch.load(OUT)), CLIP's projection being the head.
mmpretrain: a backbone with init_cfg=dict(type='Pretrained', checkpoint=OUT,
    prefix='backbone.'). Vision transformers that were fine-tuned: ImageClassifier with
    VisionTransformer(out_type='avg_featmap', final_norm=False) and
    MultiLabelLinearClsHead; CheXzero's: VisionTransformer(patch_size=32, pre_norm=True,
    norm_cfg=dict(type='LN', eps=1e-5), layer_cfgs=dict(act_cfg=dict(
    type='mmpretrain.QuickGELU'))).
mmseg, a vision transformer: VisionTransformer(patch_bias=True, norm_cfg=dict(type='LN',
    eps=1e-6), init_cfg=dict(type='Pretrained', checkpoint=OUT)).
hf: AutoModel.from_pretrained(OUT), a folder: ViTModel, or CLIPModel with both towers.
safetensors: everything, with our names; load_from, init_cfg and load_model take it.

S2MTS2's DenseNet has LeakyReLU(0.1) where other libraries have ReLU, and GLoRIA's
ResNet sees films at 299 px: what weights do not say must be set there.
"""

import sys

# This folder is searched last: its inspect.py has the name of Python's own module.
sys.path.sort(key=lambda path: path.endswith('model_converters'))

import argparse
from collections import Counter

from mmcxr.engine.exporting import export_checkpoint
from mmcxr.published.export.export import TARGETS


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('checkpoint', metavar='FILE', help='what to export')
    parser.add_argument('--to', choices=TARGETS, required=True, help='library')
    parser.add_argument('--out', required=True, help='file to write; of hf a folder')
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> None:
    """Export, and say what was left out."""
    args = parse_args(argv)
    dropped = export_checkpoint(args.checkpoint, args.to, args.out)
    print(f'wrote {args.out}')
    for reason, count in Counter(dropped.values()).items():
        print(f'left out {count}: {reason}')


if __name__ == '__main__':
    try:
        main()
    except (ValueError, OSError) as error:
        print(f'export.py: {error}', file=sys.stderr)
        sys.exit(2)
