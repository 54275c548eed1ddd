# A linear layer on MoCo-CXR's ResNet-18 for CheXpert, else as
# finetune_moco-cxr_r18_own.py.
#   python tools/train.py \
#       configs/benchmarks/classification/chexpert/linear-probe_moco-cxr_r18_own.py \
#       --cfg-options model.backbone.init_cfg.checkpoint=moco-cxr_resnet18.pth.tar
# Published AUROC at 0.1 / 1 / 10 / 100 %, read off a figure: .776 / .838 / .848 / .850.
_base_ = './finetune_moco-cxr_r18_own.py'
model = dict(freeze_backbone=True)
