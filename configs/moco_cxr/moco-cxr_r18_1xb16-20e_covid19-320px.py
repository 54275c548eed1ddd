# MoCo-CXR's recipe on the COVID-19 Image Data Collection, real films that anybody can
# have: a trial of the method on a few hundred films, not a published setting.
#
#   python tools/prepare_dataset.py covid19 SOURCE --out data/covid19
#   python tools/train.py configs/moco_cxr/moco-cxr_r18_1xb16-20e_covid19-320px.py
#
# Without ImageNet's weights at hand: --cfg-options model.backbone.init_cfg=None
# Expected values: none.
_base_ = [
    '../_base_/models/moco-cxr_r18.py',
    '../_base_/datasets/film_crops_320.py',
    '../_base_/schedules/moco-cxr_adam_20e.py',
    '../_base_/default_runtime.py',
]
model = dict(
    # Fewer than the films of an epoch: an older key of the film itself is no negative.
    queue_length=128,
    # 240 updates: at 0.999 the key encoder would keep most of its start.
    momentum=0.99)
train_dataloader = dict(
    num_workers=2,
    dataset=dict(
        type='COVID19', data_root='data/covid19', split_scheme='clean',
        unknown='zeros'))
