# ConVIRT with ResNet-50 and BERT-base, of which the embeddings and the first six layers
# stay as they are; built without any download.
model = dict(
    type='ConVIRT',
    data_preprocessor=dict(type='FilmPreprocessor'),  # ImageNet's mean and std
    image_backbone=dict(type='mmpretrain.ResNet', depth=50, out_indices=(3, )),
    image_channels=2048,
    text_backbone=dict(
        type='BertEncoder', config=dict(vocab_size=28996), pooling='max',
        frozen_layers=6),
    text_channels=768,
    embed_dims=512,
    tokenizer=dict(
        type='HFTokenizer', name='emilyalsentzer/Bio_ClinicalBERT', lowercase=True))
# What the published file is, and how its authors see films.
published = dict(
    checkpoint='checkpoints/convirt_chest_mimic.pt',
    film_pipeline=[dict(type='FilmPadSquare'), dict(type='FilmResize', size=224)])
