"""Words that likely mean a class or a split, and are proposed in messages: never taken unasked.

Abbreviations, near synonyms, and words of other languages.
"""

import difflib
import re
import unicodedata
from collections.abc import Sequence

from preprocessing.dataset.sources.vocabulary import (
    LABEL_OF,
    PLAIN_WORDS,
    SPLIT_OF,
    core_of,
    fold,
    part_words,
    split_of_file,
)

# A word after the other; those of one name are joined by "_". English, German, French, Spanish,
# Italian, Portuguese, Dutch, Swedish, Danish, Norwegian, Czech, Hungarian, Romanian, Turkish (all
# with dots on i), Polish, Russian, Ukrainian, Greek, Arabic, Persian, Hebrew, Hindi, Bengali, Thai,
# Indonesian, Vietnamese, Chinese, Japanese, Korean.
_LIKELY_CLASSES = {
    "angry": "an ang mad furious rage shouting wut wütend wütende ärger zorn colère fâché enojo "
    "enojado enojada ira enfado rabbia arrabbiato raiva zangado boos woede arg vred sint vztek "
    "harag furie öfke öfkeli kizgin sinirli gniew zły злость злой гнев злість гнів θυμός غاضب غضب "
    "خشم عصبانی כעס गुस्सा क्रोध রাগ โกรธ marah tức_giận giận_dữ 生气 愤怒 生氣 憤怒 怒り 분노 "
    "화남 verärgert fâchée énervé حانق 气愤 😠 😡",
    "disgust": "di dis ekel dégoût asco disgusto nojo walging avsky afsky odpor undor dezgust "
    "iğrenme iğrenmiş tiksinti wstręt отвращение огида αηδία اشمئزاز نفرت גועל घृणा ঘৃণা รังเกียจ "
    "jijik ghê_tởm 厌恶 厭惡 嫌悪 혐오 angeekelt dégoûté asqueado قرف مشمئز 讨厌 🤢",
    "fear": "af fe fea terrified scare angst ängstlich ängstliche peur miedo asustado asustada "
    "paura medo rädd bange redd félelem frică korku korkmuş strach страх φόβος خوف خائف ترس פחד डर "
    "भय ভয় กลัว takut sợ_hãi sợ 恐惧 害怕 恐懼 恐れ 공포 verängstigt apeuré assustado خائفة 惊恐 "
    "😨 😱",
    "happy": "ha hap hpy glad cheerful smile smiling laugh laughing freude glücklich glückliche "
    "fröhlich fröhliche joie heureux alegría feliz felicidad contento contenta gioia felice "
    "alegria felicidade blij glad radost öröm bucurie mutlu mutluluk radość wesoły радость счастье "
    "радість щастя χαρά سعيد فرح شاد شادی שמחה खुश खुशी খুশি มีความสุข senang bahagia gembira vui "
    "vui_vẻ hạnh_phúc 高兴 开心 快乐 高興 開心 快樂 喜び 기쁨 행복 heureuse sonriente سعادة سعيدة "
    "愉快 froh 😀 😃 😄 😊 🙂 ☺",
    "sad": "sa crying cry trauer traurig traurige tristesse triste tristeza tristezza verdrietig "
    "ledsen trist smutek szomorúság tristețe üzgün üzüntü smutny грусть печаль сум смуток λύπη "
    "حزين حزن غم غمگین עצב दुखी दुख उदास দুঃখ เศร้า sedih buồn buồn_bã 悲伤 伤心 悲傷 傷心 難過 "
    "悲しみ 슬픔 mutsuz حزينة 难过 😢 😭 🙁 ☹",
    "surprise": "su sur sp amazed astonished shocked überraschung überrascht überraschte surpris "
    "sorpresa sorprendido sorprendida sorpreso surpresa surpreso verrast förvånad overrasket "
    "překvapení meglepetés surpriză şaşkin şaşkinlik zdziwienie удивление здивування έκπληξη مندهش "
    "تعجب הפתעה आश्चर्य हैरान বিস্ময় ประหลาดใจ terkejut kaget ngạc_nhiên bất_ngờ 惊讶 驚訝 驚き "
    "놀람 erstaunt şaşirmiş مفاجأة متفاجئ دهشة 吃惊 惊喜 😮 😲",
    "neutral": "ne neu natural expressionless neutrale neutre neutro neutraal nøytral neutrální "
    "semleges neutru nötr doğal neutralny нейтральный спокойствие нейтральний ουδέτερο محايد خنثی "
    "ניטרלי तटस्थ নিরপেক্ষ เฉย netral bình_thường trung_tính 中性 平静 無表情 중립 무표정 tarafsiz "
    "طبيعي 无表情 😐",
}
# What a word for a split may begin with: "Trainingsdaten", "训练集".
_LIKELY_SPLITS = {
    "train": "train entrenamiento entrain entraîn apprentissage treino treinamento addestramento "
    "allenamento träning trénov eğitim uczą обуч навчан تدريب latih pelatihan huấn 训练 訓練 学習 "
    "훈련 학습",
    "val": "valid eval holdout heldout doğrulama walid валид перевір التحقق validasi 验证 驗證 "
    "検証 검증",
    "test": "test prueba prova тест اختبار pengujian uji kiểm 测试 測試 テスト 테스트 시험",
}
# How Germans write letters with two dots where there are none.
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue"})
_LEAST_BARE = 4  # "so" is not the Vietnamese for fear


def _ways_to_write(word: str) -> set[str]:
    """Return a word with its accents, and without them, as folders are often named."""
    text = fold(word.replace("_", " "))
    bare = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    is_latin = len(bare) == len(text) >= _LEAST_BARE
    return {text, bare, text.translate(_UMLAUTS)} if is_latin else {text}


_LABEL_OF_LIKELY = {
    way: label
    for label, words in _LIKELY_CLASSES.items()
    for word in words.split()
    for way in _ways_to_write(word)
}
_SPLIT_OF_LIKELY = {
    fold(word): split for split, words in _LIKELY_SPLITS.items() for word in words.split()
}
# In KDEF, after a label: seen straight, or in half or full profile.
_WITH_VIEW = re.compile("(an|di|af|ha|ne|sa|su)(?:s|[hf][lr])")
_NEGATIONS = frozenset(("not", "no", "non", "never", "without", "less"))
_LEAST_PLAIN = 3
LONGEST_NAME = 1_000
"""What has more letters names nothing: it would take seconds to look for words in megabytes."""


def suggest(name: str) -> str | None:
    """Return the label that a name may mean: misspelt, abbreviated, translated, or among words."""
    if len(name) > LONGEST_NAME:
        return None
    core = core_of(part_words(name)) or fold(name)
    if core.startswith(("un", "not ", "non")):
        return None
    if core in _LABEL_OF_LIKELY:
        return _LABEL_OF_LIKELY[core]
    for word in PLAIN_WORDS:  # "happyfaces"
        bare = core.removesuffix(word).removeprefix(word)
        if len(word) >= _LEAST_PLAIN and bare != core and bare in LABEL_OF:
            return LABEL_OF[bare]
    return _label_among(core.split()) or _nearest_label(core)


def _nearest_label(word: str) -> str | None:
    near = difflib.get_close_matches(word, LABEL_OF, n=1, cutoff=0.75)
    return LABEL_OF[near[0]] if near else None


def _label_among(words: Sequence[str]) -> str | None:
    """Return the label of the only word for one: "anna happy", not "happily surprised"."""
    labels = {LABEL_OF[word] for word in words if word in LABEL_OF}
    if len(labels) != 1 or not _NEGATIONS.isdisjoint(words):
        return None
    return labels.pop() if len({*map(_nearest_label, words)} - {None}) == 1 else None


def likely_label(word: str) -> str | None:
    """Return the label that a word may mean as an abbreviation or in another language."""
    seen_from = _WITH_VIEW.fullmatch(word)
    return _LABEL_OF_LIKELY.get(seen_from[1] if seen_from else word)


def likely_split(name: str) -> str | None:
    """Return the split that a name may mean, with words of one's own or in another language."""
    if len(name) > LONGEST_NAME:
        return None
    if named := split_of_file(name):
        return named
    core = core_of(name).replace(" ", "")
    return next((split for word, split in _SPLIT_OF_LIKELY.items() if core.startswith(word)), None)


def suggest_split(name: str) -> str:
    """Return the split that a name most likely means: "eval" is for validation."""
    if likely := likely_split(name):
        return likely
    near = difflib.get_close_matches(core_of(name[:LONGEST_NAME]), SPLIT_OF, n=1, cutoff=0.75)
    return SPLIT_OF[near[0]] if near else "train"
