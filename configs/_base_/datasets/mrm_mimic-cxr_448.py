# MIMIC-CXR as MRM pre-trains on it (arXiv 2301.13155): one sample per image with the
# whole report of its study, 448 px, of which the model makes 224 px for its encoder.
#
#   python tools/prepare_dataset.py mrm-csv training.csv IMAGE_FOLDER \
#       --out data/mimic-cxr-mrm
#
# The film is mirrored and its report is not, as released: "left" is on either side.
# configs/mrm/mrm_vit-b16_{4xb32,1xb256}-200e_mimic-cxr-448px.py are recipes that agree.
data_root = 'data/mimic-cxr-mrm'
# From https://github.com/RL4M/MRM-pytorch. A report is cut after 100 tokens, which
# often cuts its impression; its ids are made at the first start and kept.
tokenizer = dict(type='HFTokenizer', name=f'{data_root}/mimic_wordpiece.json')
max_length = 100
crop = dict(
    type='FilmRandomResizedCrop', size=448, scale=(0.2, 1.0), interpolation='bicubic')
mask_and_pack = [
    dict(type='MaskWords', tokenizer=tokenizer, max_length=max_length, prob=0.5),
    dict(type='PatchNoise', num_patches=196),
    dict(type='PackStudy'),
]
train_pipeline = [
    dict(type='LoadFilm', deferred=True),
    crop,
    dict(type='FilmFlip', prob=0.5),
    *mask_and_pack,
]
train_dataloader = dict(
    batch_size=32,
    num_workers=8,
    prefetch_factor=4,
    pin_memory=True,
    persistent_workers=True,
    drop_last=True,
    sampler=dict(type='EpochSampler', shuffle=True),
    # The released loss counts all 100 places, padding included.
    collate_fn=dict(type='mmcxr.collate_studies', pad_to=max_length),
    dataset=dict(
        type='MIMICCXR', data_root=data_root, split_scheme='mrm', split='train',
        texts='whole', level='image', pipeline=train_pipeline,
        tokenizer=dict(
            type='CachedTokenizer', tokenizer=tokenizer, max_length=max_length),
        metainfo=dict(
            convert='python tools/prepare_dataset.py mrm-csv training.csv '
            'IMAGE_FOLDER --out {data_root}')))
