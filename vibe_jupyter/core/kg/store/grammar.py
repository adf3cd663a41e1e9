"""The grammar of SPARQL 1.1 queries and updates (section 19.8), as data, left-factored so that one token decides.

`'x'` is a keyword or a sign, a name in capitals a kind of token, other names are rules. What follows `#` is what a
person is told was expected where the rule could have begun. Functions are told apart by name only: how many arguments
each takes is the engine's to check.
"""

from __future__ import annotations

__all__ = ["AGGREGATES", "FUNCTIONS", "GRAMMAR"]

AGGREGATES = frozenset(("COUNT", "SUM", "MIN", "MAX", "AVG", "SAMPLE", "GROUP_CONCAT"))
FUNCTIONS = frozenset((
    "STR", "LANG", "LANGMATCHES", "DATATYPE", "BOUND", "IRI", "URI", "BNODE", "RAND", "ABS", "CEIL", "FLOOR",
    "ROUND", "CONCAT", "STRLEN", "UCASE", "LCASE", "ENCODE_FOR_URI", "CONTAINS", "STRSTARTS", "STRENDS",
    "STRBEFORE", "STRAFTER", "YEAR", "MONTH", "DAY", "HOURS", "MINUTES", "SECONDS", "TIMEZONE", "TZ", "NOW",
    "UUID", "STRUUID", "MD5", "SHA1", "SHA256", "SHA384", "SHA512", "COALESCE", "IF", "STRLANG", "STRDT",
    "SAMETERM", "ISIRI", "ISURI", "ISBLANK", "ISLITERAL", "ISNUMERIC", "REGEX", "SUBSTR", "REPLACE",
))  # fmt: skip

GRAMMAR = """
Query        = Prologue ( Select | Construct | Describe | Ask ) Values? END
Prologue     = ( Base | Prefix )*
Base         = 'BASE' IRI
Prefix       = 'PREFIX' PNAME IRI

Select       = SelectClause Dataset* Where Modifier
SubSelect    = SelectClause Where Modifier Values?
SelectClause = 'SELECT' ( 'DISTINCT' | 'REDUCED' )? ( '*' | Projected+ )
Projected    = VAR | '(' Expression 'AS' VAR ')'              # a variable
Construct    = 'CONSTRUCT' ( Template Dataset* Where | Dataset* 'WHERE' Template ) Modifier
Describe     = 'DESCRIBE' ( '*' | VarOrIri+ ) Dataset* Where? Modifier
Ask          = 'ASK' Dataset* Where Modifier
Dataset      = 'FROM' 'NAMED'? Iri
Where        = 'WHERE' Group | Group
Values       = 'VALUES' DataBlock
Modifier     = GroupBy? Having? OrderBy? Limits?
GroupBy      = 'GROUP' 'BY' GroupTerm+
GroupTerm    = BuiltIn | FunctionCall | '(' Expression ( 'AS' VAR )? ')' | VAR    # a variable or expression
Having       = 'HAVING' Constraint+
OrderBy      = 'ORDER' 'BY' OrderTerm+
OrderTerm    = ( 'ASC' | 'DESC' ) '(' Expression ')' | Constraint | VAR           # a variable or expression
Limits       = 'LIMIT' NUMBER ( 'OFFSET' NUMBER )? | 'OFFSET' NUMBER ( 'LIMIT' NUMBER )?

Group        = '{' ( SubSelect | GroupBody ) '}'
GroupBody    = Triples? ( Pattern '.'? Triples? )*
Triples      = SameSubject ( '.' Triples? )?
Pattern      = Group ( 'UNION' Group )* | 'OPTIONAL' Group | 'MINUS' Group | 'GRAPH' VarOrIri Group
             | 'SERVICE' 'SILENT'? VarOrIri Group | 'FILTER' Constraint
             | 'BIND' '(' Expression 'AS' VAR ')' | 'VALUES' DataBlock            # a pattern such as OPTIONAL or FILTER
DataBlock    = VAR '{' DataValue* '}' | '(' VAR* ')' '{' ( '(' DataValue* ')' )* '}'
DataValue    = Iri | Literal | Number | 'TRUE' | 'FALSE' | 'UNDEF'                # a value
Constraint   = '(' Expression ')' | BuiltIn | FunctionCall    # an expression in brackets or a function

SameSubject  = Term Properties | '(' Node+ ')' Properties?
             | '[' ( ']' Properties | Properties ']' Properties? )                # a triple
Properties   = Verb Objects ( ';' ( Verb Objects )? )*
Verb         = VAR | Path                                     # a variable or IRI
Objects      = Object ( ',' Object )*
Object       = Node                                           # a variable, IRI or literal
Path         = PathSequence ( '|' PathSequence )*
PathSequence = PathElt ( '/' PathElt )*                       # an IRI or path
PathElt      = '^'? PathPrimary ( '?' | '*' | '+' )?
PathPrimary  = Iri | 'a' | '!' PathNegated | '(' Path ')'     # an IRI or path
PathNegated  = PathOne | '(' ( PathOne ( '|' PathOne )* )? ')'
PathOne      = '^'? ( Iri | 'a' )
Node         = Term | '(' Node+ ')' | '[' Properties? ']'     # a variable, IRI or literal
Term         = VAR | Iri | BLANK | Literal | Number | 'TRUE' | 'FALSE'            # a variable, IRI or literal
VarOrIri     = VAR | Iri                                      # a variable or IRI
Iri          = IRI | PNAME                                    # an IRI
Literal      = STRING ( LANG | '^^' Iri )?
Number       = ( '+' | '-' )? NUMBER

Expression   = And ( '||' And )*                              # an expression
And          = Relation ( '&&' Relation )*
Relation     = Sum ( ( '=' | '!=' | '<' | '>' | '<=' | '>=' ) Sum | 'IN' List | 'NOT' 'IN' List )?
Sum          = Product ( ( '+' | '-' ) Product )*             # an expression
Product      = Unary ( ( '*' | '/' ) Unary )*                 # an expression
Unary        = ( '!' | '+' | '-' )* Primary                   # an expression
Primary      = '(' Expression ')' | BuiltIn | Iri Arguments? | Literal | NUMBER
             | 'TRUE' | 'FALSE' | VAR                         # an expression
List         = '(' ( Expression ( ',' Expression )* )? ')'
Arguments    = '(' ( 'DISTINCT'? Expression ( ',' Expression )* )? ')'
FunctionCall = Iri Arguments
BuiltIn      = FUNCTION List | Aggregate | 'EXISTS' Group | 'NOT' 'EXISTS' Group  # a function
Aggregate    = AGGREGATE '(' 'DISTINCT'? ( '*' | Expression ) ( ';' 'SEPARATOR' '=' STRING )? ')'

Update       = Prologue ( Operation ( ';' Prologue Operation? )* )? END
Operation    = Insert | Delete | With | Load | Clear | Drop | Create | Move       # INSERT, DELETE or CLEAR
Insert       = 'INSERT' ( 'DATA' Data | Quads Using* 'WHERE' Group )
Delete       = 'DELETE' ( 'DATA' Data | 'WHERE' Quads | Quads Inserted? Using* 'WHERE' Group )
With         = 'WITH' Iri ( Deleted Inserted? | Inserted ) Using* 'WHERE' Group
Deleted      = 'DELETE' Quads
Inserted     = 'INSERT' Quads
Using        = 'USING' 'NAMED'? Iri
Load         = 'LOAD' 'SILENT'? Iri ( 'INTO' 'GRAPH' Iri )?
Clear        = 'CLEAR' 'SILENT'? Target
Drop         = 'DROP' 'SILENT'? Target
Create       = 'CREATE' 'SILENT'? 'GRAPH' Iri
Move         = ( 'ADD' | 'MOVE' | 'COPY' ) 'SILENT'? Source 'TO' Source
Target       = 'DEFAULT' | 'ALL' | 'NAMED' | 'GRAPH' Iri      # DEFAULT or ALL
Source       = 'DEFAULT' | 'GRAPH'? Iri
Data         = '{' QuadsBody '}'
Quads        = '{' QuadsBody '}'
QuadsBody    = Template1? ( QuadsGraph '.'? Template1? )*
QuadsGraph   = 'GRAPH' VarOrIri '{' Template1? '}'
Template     = '{' Template1? '}'
Template1    = SameSubject ( '.' Template1? )?
"""
