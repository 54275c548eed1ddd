# MoCo-CXR fine-tuned on CheXpert as its authors do: two outputs, No Finding and Pleural
# Effusion, of which the second counts. Labels that are uncertain carry no loss, and
# what a report does not mention is absent. All training films:
#   python tools/train.py \
#       configs/benchmarks/classification/chexpert/finetune_moco-cxr_d121_own.py \
#       --cfg-options model.backbone.init_cfg.checkpoint=d1w-00001.pth.tar
# At 1 % of them: train_dataloader.dataset.fraction=0.01 train_cfg.max_epochs=107
# Published AUROC at 0.1 / 1 / 10 / 100 %, read off a figure, on the 500 studies of the
# test: .795 / .877 / .920 / .953; here the test is the official validation.
_base_ = [
    '../../../_base_/models/film-classifier_moco-cxr_d121.py',
    '../../../_base_/recipes/moco-cxr_chexpert.py',
]
model = dict(
    data_preprocessor=dict(mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225)),
    head=dict(num_classes=2))
