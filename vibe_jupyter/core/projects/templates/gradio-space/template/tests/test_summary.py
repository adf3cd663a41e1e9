from summary import summarize


def test_counts_words_whatever_their_case():
    found = summarize("The cat and the dog")
    assert found["words"] == 5
    assert found["most_frequent"][0] == ("the", 2)


def test_an_empty_text_has_no_words():
    assert summarize("")["words"] == 0
