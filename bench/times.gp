# Times against their floors, drawn: bench/run.sh calls
#     gnuplot -e "dir='build/bench'" bench/times.gp
# with what bench/bench has written to DIR/results.csv.
set terminal svg size 900,560 font 'sans,13' background 'white'
set datafile separator ','
set key top left reverse Left
set grid lc rgb '#dddddd'
set logscale xy
# Size, nanoseconds and the two floors' of a subject's variant.
rows(subject, variant) = sprintf("< awk -F, '$1 == \"%s\" && $2 == \"\\\"%s\\\"\" " . \
    "{ print $3 \",\" $5 \",\" $7 \",\" $9 }' %s/results.csv", subject, variant, dir)

set ylabel 'ns a capability'
set xlabel 'capabilities'
do for [order in 'sequence random'] {
    set output dir.'/revoke-'.order.'.svg'
    set title 'REVOKE, selectors in '.(order eq 'random' ? 'random order' : 'sequence'). \
              ', and a list walked and freed'
    plot for [shape in 'chain star binary random'] rows('revoke', shape.' '.order) \
             using 1:2 with linespoints lw 2 title shape, \
         rows('revoke', 'star '.order) using 1:3 with linespoints lw 3 lc 'black' \
             title 'the list of as many nodes'
    set output dir.'/exchange-'.order.'.svg'
    set title 'EXCHANGE one by one, messages included, selectors in '. \
              (order eq 'random' ? 'random order' : 'sequence')
    plot for [shape in 'chain star binary random'] rows('exchange', shape.' '.order) \
             using 1:2 with linespoints lw 2 title shape
}

set ylabel 'ns a selector'
set xlabel 'selectors'
set output dir.'/treap.svg'
set title 'Finding a selector: the treap, GLib''s tree, a sorted array'
plot for [order in 'sequence random'] rows('treap-find', order) using 1:2 \
         with linespoints lw 2 title 'treap, '.order, \
     for [order in 'sequence random'] rows('treap-find', order) using 1:3 \
         with linespoints lw 1 title 'GTree, '.order, \
     for [order in 'sequence random'] rows('treap-find', order) using 1:4 \
         with linespoints lw 1 dt 2 title 'bsearch, '.order
