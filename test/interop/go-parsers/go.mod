module go-parsers

go 1.22
