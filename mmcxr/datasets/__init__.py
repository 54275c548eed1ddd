from mmcxr.datasets.packs import token_cache
from mmcxr.datasets.public import (
    brax,
    chest_xray14,
    chexpert,
    covid19,
    covid_qu,
    covidx,
    jsrt,
    kermany,
    mimic_cxr,
    nlm_tuberculosis,
    object_cxr,
    openi,
    padchest,
    ranzcr_clip,
    reflacx,
    rsna,
    siim,
    synthetic_films,
    tbx11k,
    vindr_cxr,
)
from mmcxr.datasets.texts import clip_tokenizer, gloria_tokenizer, tokenizers
from mmcxr.moved import find_moved_modules

from . import collate, concat, samplers, transforms

find_moved_modules()
