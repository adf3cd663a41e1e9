from xml.etree import ElementTree

from charts import bar_chart


def test_the_chart_is_valid_xml_with_a_bar_for_each_value():
    root = ElementTree.fromstring(bar_chart({"a & b": 3, "c": 1}))
    assert len(root.findall("{http://www.w3.org/2000/svg}rect")) == 2


def test_no_values_make_an_empty_chart():
    ElementTree.fromstring(bar_chart({}))
