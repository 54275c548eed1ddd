"""Write the image encoder of a checkpoint for another library.

    python tools/model_converters/export.py MRM.pth --to timm --out vit.pth

FILE is a checkpoint of ours (pre-trained or fine-tuned) or a published one. For a
vision transformer, OUT is loaded by

timm: VisionTransformer(patch_size=16, embed_dim=768, depth=12, num_heads=12,
    qkv_bias=True, norm_layer=partial(nn.LayerNorm, eps=1e-6), global_pool='avg')
    .load_state_dict(torch.load(OUT)['model'], strict=False); the file of a
    fine-tuned model is the bare state dict, head included.
mmpretrain: VisionTransformer(init_cfg=dict(type='Pretrained', checkpoint=OUT,
    prefix='backbone.')); of a fine-tuned model ImageClassifier with
    VisionTransformer(out_type='avg_featmap', final_norm=False) and
    MultiLabelLinearClsHead.
mmseg: VisionTransformer(patch_bias=True, norm_cfg=dict(type='LN', eps=1e-6),
    init_cfg=dict(type='Pretrained', checkpoint=OUT)).
"""

import argparse
import sys
from collections import Counter

from mmcxr.converters.export import TARGETS
from mmcxr.engine.exporting import export_checkpoint


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('checkpoint', metavar='FILE', help='what to export')
    parser.add_argument('--to', choices=TARGETS, required=True, help='library')
    parser.add_argument('--out', required=True, help='file to write')
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
