# All training films of CheXpert, 223,414, frontal and lateral, each in two crops.
_base_ = './film_crops_320.py'
train_dataloader = dict(
    dataset=dict(
        type='CheXpert', data_root='data/chexpert', split_scheme='official',
        unknown='zeros'))  # labels are not used; no film is left out for want of them
